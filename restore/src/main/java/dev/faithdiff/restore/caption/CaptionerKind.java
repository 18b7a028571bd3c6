package dev.faithdiff.restore.caption;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.tensor.Device;
import java.util.ServiceLoader;

/** One kind of captioner. It opens the model folders whose {@code model.json} names it, and is found by {@link ServiceLoader}. */
public interface CaptionerKind {
    /** The value of {@code kind} in {@code model.json}, for example {@code ram}. */
    String kind();

    /** Whether it writes tags and not sentences. */
    default boolean tags() { return false; }

    /**
     * Opens a model folder of this kind.
     *
     * @param options for a captioner that writes sentences
     * @throws RuntimeException of one line, naming the file, if a part is missing or damaged
     */
    Captioner open(ModelFolder folder, Device device, CaptionOptions options);
}
