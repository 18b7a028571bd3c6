package dev.faithdiff.cli;

import dev.faithdiff.restore.Listener;
import java.io.PrintWriter;

/** Prints a restoration's warnings. */
record Warnings(PrintWriter err) implements Listener {
    @Override public void at(String stage, int step, int steps) {}

    @Override public void warn(String line) {
        err.println("faithdiff: " + line);
        err.flush();
    }
}
