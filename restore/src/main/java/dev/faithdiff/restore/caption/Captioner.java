package dev.faithdiff.restore.caption;

import dev.faithdiff.image.Image;

/** Says in words what a photo shows, for restorers that read text. {@link Captioners#open} opens a model folder. Any thread may call any method. */
public interface Captioner extends AutoCloseable {
    /** The words for a prompt; empty if there is nothing to say. @param listener hears how far it is */
    String describe(Image photo, CaptionListener listener);

    /** The same where nobody listens. */
    default String describe(Image photo) { return describe(photo, CaptionListener.NONE); }

    /** Frees the model's memory. Does nothing the second time. */
    @Override void close();
}
