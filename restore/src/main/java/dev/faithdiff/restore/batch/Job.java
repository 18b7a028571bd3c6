package dev.faithdiff.restore.batch;

import java.nio.file.Path;

/** A photo to restore, and the file that the result is written to. */
public record Job(Path in, Path out) {}
