package dev.faithdiff.tensor.host;

import java.io.IOException;
import java.io.UncheckedIOException;

/** The one line that tells a user why a program failed. */
public final class Failure {
    private Failure() {}

    /** The reason, without line breaks. */
    public static String line(Throwable e) {
        Throwable shown = shown(e);
        String message = shown instanceof IOException io ? IoReason.named(io) : shown.getMessage();
        if (shown instanceof OutOfMemoryError && !String.valueOf(message).startsWith("out of memory")) message = "out of memory (" + message + ")";
        if (message == null || shown instanceof IndexOutOfBoundsException || shown instanceof NullPointerException) {
            message = "internal error: " + shown + " (run with --verbose for details)";
        }
        return oneLine(message);
    }

    /** The exception that says why: the cause, where that was only wrapped to be thrown, and its text with its class is all that is said. */
    public static Throwable shown(Throwable e) {
        Throwable cause = e.getCause();
        return cause != null && (e instanceof UncheckedIOException || cause.toString().equals(e.getMessage())) ? shown(cause) : e;
    }

    /** What a library for command lines says of wrong usage: without line breaks, and with the names of Java's types in words. */
    public static String usage(String message) {
        return oneLine(message).replaceFirst(" is not an? (int|long)$", " is not a whole number")
                .replaceFirst(" is not a (float|double)$", " is not a number");
    }

    private static String oneLine(String text) { return text.replaceAll("\\s*\\R\\s*", " "); }
}
