package dev.faithdiff.restore.stablesr;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.RestorerKind;
import dev.faithdiff.restore.sd.SdRestorer;
import java.util.List;

/** Opens StableSR's model folders. */
public final class StableSrKind implements RestorerKind {
    @Override public String kind() { return "stablesr"; }

    @Override public List<Option<?>> options() { return StableSr.OPTIONS; }

    @Override public Restorer open(ModelFolder folder, Compute on) {
        StableSrModel model = StableSrModel.open(folder, on);
        return new SdRestorer(model.base(), new StableSr(model));
    }
}
