package dev.faithdiff.restore.dreamclear;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.RestorerKind;
import dev.faithdiff.restore.sd.SdRestorer;
import java.util.List;

/** Opens DreamClear's model folders. */
public final class DreamClearKind implements RestorerKind {
    @Override public String kind() { return "dreamclear"; }

    @Override public List<Option<?>> options() { return DreamClear.OPTIONS; }

    @Override public Restorer open(ModelFolder folder, Compute on) {
        DreamClearModel model = DreamClearModel.open(folder, on);
        return new SdRestorer(model.base(), new DreamClear(model));
    }
}
