package dev.faithdiff.restore.diffbir;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.RestorerKind;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.restore.sd.SdRestorer;
import java.util.List;

/** Opens DiffBIR's model folders. */
public final class DiffBirKind implements RestorerKind {
    @Override public String kind() { return "diffbir"; }

    @Override public List<Option<?>> options() { return DiffBir.OPTIONS; }

    @Override public Restorer open(ModelFolder folder, Compute on) {
        SdModel model = SdModel.open(folder, on);
        try {
            return new SdRestorer(model, on.device().exclusive(() -> new DiffBir(model)));
        } catch (Throwable e) {
            model.close();
            throw e;
        }
    }
}
