package dev.faithdiff.image;

/** An image that cannot be read, held or written: the message is one line that names the file or size and what to do. */
public class ImageError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ImageError(String message) { super(message); }

    public ImageError(String message, Throwable cause) { super(message, cause); }

    /** A picture of more pixels than are decoded. */
    public static final class TooLarge extends ImageError {
        private static final long serialVersionUID = 1;

        public TooLarge(String message) { super(message); }
    }
}
