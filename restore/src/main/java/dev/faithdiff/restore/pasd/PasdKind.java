package dev.faithdiff.restore.pasd;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.RestorerKind;
import dev.faithdiff.restore.sd.SdRestorer;
import java.util.List;

/** Opens PASD's model folders. */
public final class PasdKind implements RestorerKind {
    @Override public String kind() { return "pasd"; }

    @Override public List<Option<?>> options() { return Pasd.OPTIONS; }

    @Override public Restorer open(ModelFolder folder, Compute on) {
        PasdModel model = PasdModel.open(folder, on);
        return new SdRestorer(model.base(), new Pasd(model));
    }
}
