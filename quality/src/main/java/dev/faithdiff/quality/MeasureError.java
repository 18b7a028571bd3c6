package dev.faithdiff.quality;

/** What cannot be measured: the message is one line that says the rule and what was given. */
public final class MeasureError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public MeasureError(String message) { super(message); }

    public MeasureError(String message, Throwable cause) { super(message, cause); }
}
