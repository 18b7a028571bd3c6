package dev.faithdiff;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.RestorerKind;
import java.util.List;

/** Opens FaithDiff model folders. */
public final class FaithDiffKind implements RestorerKind {
    @Override public String kind() { return Model.KIND; }

    @Override public List<Option<?>> options() { return FaithDiff.OPTIONS; }

    @Override public boolean takesLoras() { return true; }

    @Override public Restorer open(ModelFolder folder, Compute on) { return FaithDiff.open(folder.path(), on); }
}
