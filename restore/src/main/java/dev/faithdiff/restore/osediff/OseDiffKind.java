package dev.faithdiff.restore.osediff;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.RestorerKind;
import dev.faithdiff.restore.onestep.OneStepRestorer;
import dev.faithdiff.restore.sd.SdModel;
import java.util.List;

/** Opens OSEDiff's model folders. */
public final class OseDiffKind implements RestorerKind {
    @Override public String kind() { return "osediff"; }

    @Override public List<Option<?>> options() { return OneStepRestorer.options(OseDiff.OPTIONS); }

    @Override public Restorer open(ModelFolder folder, Compute on) {
        SdModel model = SdModel.open(folder, on);
        return new OneStepRestorer(model, new OseDiff(model));
    }
}
