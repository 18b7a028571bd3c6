package dev.faithdiff.cli;

import java.nio.file.Path;

/** One photo to restore, and the file that is written. */
record Job(Path in, Path out) {}
