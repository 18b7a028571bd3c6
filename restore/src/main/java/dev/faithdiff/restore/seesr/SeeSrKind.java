package dev.faithdiff.restore.seesr;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.RestorerKind;
import dev.faithdiff.restore.sd.SdRestorer;
import java.util.List;

/** Opens SeeSR's model folders. */
public final class SeeSrKind implements RestorerKind {
    @Override public String kind() { return "seesr"; }

    @Override public List<Option<?>> options() { return SeeSr.OPTIONS; }

    @Override public boolean describes() { return true; }

    @Override public Restorer open(ModelFolder folder, Compute on) {
        SeeSrModel model = SeeSrModel.open(folder, on);
        return new SdRestorer(model.base(), new SeeSr(model));
    }
}
