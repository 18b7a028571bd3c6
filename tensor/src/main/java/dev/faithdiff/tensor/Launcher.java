package dev.faithdiff.tensor;

import java.io.FileDescriptor;
import java.lang.reflect.Field;

/** What the launcher {@code bin/faithdiff} tells a program that it starts. Without the launcher nothing is told, and nothing is missing. */
public final class Launcher {
    private Launcher() {}

    /**
     * Call this first in {@code main}. The JVM begins with a filter as its standard error, which leaves out the JVM's own remarks; from here on
     * {@code System.err} writes to the real one directly, so that all of it is there when the program ends.
     */
    public static void begin() {
        Integer real = Integer.getInteger("faithdiff.stderr");
        if (real == null) return;
        try {
            Field number = FileDescriptor.class.getDeclaredField("fd");
            number.setAccessible(true);
            number.setInt(FileDescriptor.err, real);
        } catch (ReflectiveOperationException | RuntimeException e) {
            return; // The filter lets all other lines through.
        }
    }

    /** Whether a person sees what is written to standard error: it is a terminal. */
    public static boolean isTerminal() {
        String told = System.getProperty("faithdiff.terminal");
        return told == null ? System.console() != null && System.console().isTerminal() : Boolean.parseBoolean(told);
    }
}
