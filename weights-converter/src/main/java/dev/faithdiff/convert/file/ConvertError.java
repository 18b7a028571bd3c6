package dev.faithdiff.convert.file;

import java.nio.file.Path;

/** A checkpoint that cannot be converted: one line with the file and the reason. */
public final class ConvertError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ConvertError(String message) { super(message); }

    public ConvertError(Path file, String reason) { super(file + ": " + reason); }

    public ConvertError(Path file, String reason, Throwable cause) { super(file + ": " + reason, cause); }
}
