package dev.faithdiff.tensor.io;

import java.nio.file.Path;

/** A safetensors file that cannot be read or written: one line with the file and the reason. */
public final class SafeTensorsError extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int LONGEST = 200;

    public SafeTensorsError(Path file, String reason) { this(file, reason, null); }

    public SafeTensorsError(Path file, String reason, Throwable cause) { super(line(file + ": " + reason, 4 * LONGEST), cause); }

    /** Text from a file, quoted for a message: one short line without control characters. */
    static String quote(String text) { return '"' + line(text, LONGEST) + '"'; }

    private static String line(String text, int longest) {
        String s = text.length() <= longest ? text : text.substring(0, longest) + "...";
        return s.replaceAll("[\\p{Cntrl}\\u2028\\u2029]", "?");
    }
}
