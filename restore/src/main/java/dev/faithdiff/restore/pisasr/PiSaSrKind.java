package dev.faithdiff.restore.pisasr;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.RestorerKind;
import dev.faithdiff.restore.onestep.OneStepRestorer;
import dev.faithdiff.restore.sd.SdModel;
import java.util.List;

/** Opens PiSA-SR's model folders. */
public final class PiSaSrKind implements RestorerKind {
    @Override public String kind() { return "pisasr"; }

    @Override public List<Option<?>> options() { return OneStepRestorer.options(PiSaSr.OPTIONS); }

    @Override public Restorer open(ModelFolder folder, Compute on) {
        SdModel model = SdModel.open(folder, on);
        return new OneStepRestorer(model, new PiSaSr(model));
    }
}
