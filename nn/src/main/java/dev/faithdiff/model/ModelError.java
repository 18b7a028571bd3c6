package dev.faithdiff.model;

import java.nio.file.Path;

/** A model folder that is missing, wrong or cannot be written: one line with the file and the reason. */
public final class ModelError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ModelError(Path file, String reason) { this(file, reason, null); }

    public ModelError(Path file, String reason, Throwable cause) { super(file + ": " + reason, cause); }
}
