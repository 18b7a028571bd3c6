package dev.faithdiff.model;

import java.nio.file.Path;

/** A model folder that is missing, wrong or cannot be written: one line with the file and the reason. */
public final class ModelError extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int LONGEST = 200;

    public ModelError(Path file, String reason) { this(file, reason, null); }

    public ModelError(Path file, String reason, Throwable cause) { super(file + ": " + reason, cause); }

    /** Text from a file, fit for a message: at most 200 characters, none of them a control character. */
    public static String clean(String text) {
        String s = text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "...";
        return s.replaceAll("[\\p{Cntrl}\\u2028\\u2029]", "?");
    }
}
