package dev.faithdiff.convert;

import java.nio.file.Path;

/** A checkpoint that cannot be converted: one line with the file and the reason. */
public final class ConvertError extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int LONGEST = 200;

    public ConvertError(String message) { super(message); }

    public ConvertError(Path file, String reason) { super(file + ": " + reason); }

    public ConvertError(Path file, String reason, Throwable cause) { super(file + ": " + reason, cause); }

    /** Text from a file, fit for a message: short and without control characters. */
    static String clean(String text) {
        String s = text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "...";
        return s.replaceAll("[\\p{Cntrl}\\u2028\\u2029]", "?");
    }
}
