package dev.faithdiff.restore.caption;

import dev.faithdiff.image.Image;

/** Says in words what a photo shows, for restorers that read text. {@link Captioners#open} opens a model folder. Any thread may call any method. */
public interface Captioner extends AutoCloseable {
    /** The words for a prompt; empty if there is nothing to say. */
    String describe(Image photo);

    /** Frees the model's memory. Does nothing the second time. */
    @Override void close();
}
