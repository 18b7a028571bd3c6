package dev.faithdiff.restore.caption;

/** Hears how far a caption is, on the thread that makes it. Only captioners that write sentences tell it. */
@FunctionalInterface
public interface CaptionListener {
    /** Hears nothing. */
    CaptionListener NONE = (phase, tokens) -> { };

    /** What a captioner is at. */
    enum Phase {
        /** It looks at the photo. */
        SEE,
        /** It reads the prompt: the question, with what it saw. */
        READ,
        /** It writes the answer. */
        WRITE
    }

    /** A phase begins, or the answer has one more token. @param tokens of the prompt, or of the answer so far; 0 while it looks */
    void at(Phase phase, int tokens);
}
