package dev.faithdiff.restore;

import dev.faithdiff.model.ModelFolder;
import java.util.List;
import java.util.ServiceLoader;

/** One kind of restorer. It opens the model folders whose {@code model.json} names it, and is found by {@link ServiceLoader}. */
public interface RestorerKind {
    /** The value of {@code kind} in {@code model.json}, for example {@code faithdiff}. */
    String kind();

    /** The options of its restorers. */
    List<Option<?>> options();

    /** Whether {@link Compute#loras} can be added to its weights. */
    default boolean takesLoras() { return false; }

    /** Whether its restorers say themselves what a photo shows, so that a prompt needs no captioner. */
    default boolean describes() { return false; }

    /** Opens a model folder of this kind. @throws RuntimeException of one line, naming the file, if a part is missing or damaged */
    Restorer open(ModelFolder folder, Compute on);
}
