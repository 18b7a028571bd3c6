package dev.faithdiff.model;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Locale;

/** A model folder that is missing, wrong or cannot be written: one line with the file and the reason. */
public final class ModelError extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int LONGEST = 200;

    public ModelError(Path file, String reason) { this(file, reason, null); }

    public ModelError(Path file, String reason, Throwable cause) { super(file + ": " + reason, cause); }

    /** Why a file cannot be read or written, in words: the file system's exceptions say it by their type, and their message is the path alone. */
    static String reason(IOException e) {
        if (!(e instanceof FileSystemException f)) return String.valueOf(e.getMessage());
        String type = e.getClass().getSimpleName().replace("Exception", "").replaceAll("(?<=[a-z])(?=[A-Z])", " ");
        return f.getReason() != null ? f.getReason() : type.toLowerCase(Locale.ROOT);
    }

    /** Text from a file, fit for a message: at most 200 characters, none of them a control character. */
    public static String clean(String text) {
        String s = text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "...";
        return s.replaceAll("[\\p{Cntrl}\\u2028\\u2029]", "?");
    }
}
