package dev.faithdiff.restore.supir;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.RestorerKind;
import dev.faithdiff.restore.sd.SdRestorer;
import java.util.List;

/** Opens SUPIR's model folders. */
public final class SupirKind implements RestorerKind {
    @Override public String kind() { return "supir"; }

    @Override public List<Option<?>> options() { return SupirOptions.ALL; }

    @Override public Restorer open(ModelFolder folder, Compute on) {
        SupirModel model = SupirModel.open(folder, on);
        return new SdRestorer(model.base(), new Supir(model));
    }
}
