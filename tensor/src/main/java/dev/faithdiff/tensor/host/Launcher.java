package dev.faithdiff.tensor.host;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.util.List;
import java.util.function.ToIntFunction;

/** How a program begins and ends, and what the launcher {@code bin/faithdiff} tells it. A program also works without the launcher. */
public final class Launcher {
    private Launcher() {}

    /**
     * All that {@code main} does.
     *
     * @param program gives its exit code
     */
    public static void run(ToIntFunction<String[]> program, String... args) {
        begin();
        StandardOutput out = new StandardOutput(new FileOutputStream(FileDescriptor.out));
        System.setOut(new PrintStream(out, true, System.out.charset()));
        System.exit(ended(program, out, args));
    }

    /** The exit code. It is 1, with one line, also for an error that no handler of the command line caught, and where printed output was lost. */
    static int ended(ToIntFunction<String[]> program, StandardOutput out, String... args) {
        int code;
        try {
            code = program.applyAsInt(args);
        } catch (Error e) {
            System.err.println("faithdiff: " + Failure.line(e));
            if (List.of(args).contains("--verbose")) e.printStackTrace();
            return 1;
        }
        System.out.flush();
        String lost = out.failure();
        if (code != 0 || lost == null) return code;
        System.err.println("faithdiff: cannot write to standard output: " + lost);
        return 1;
    }

    /**
     * The JVM begins with a filter as its standard error, which leaves out the JVM's own remarks; from here on {@code System.err} writes to the
     * real one directly, so that all of it is there when the program ends.
     */
    private static void begin() {
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

    /** Whether standard error is a terminal, so that a person reads it. */
    public static boolean isTerminal() {
        String told = System.getProperty("faithdiff.terminal");
        return told == null ? System.console() != null && System.console().isTerminal() : Boolean.parseBoolean(told);
    }
}
