package dev.faithdiff;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.ToIntFunction;

/** One command line, run in this process. */
public record CommandLineRun(int code, String out, String err) {
    public static final CommandLineRun SILENT = new CommandLineRun(0, "", "");

    /** @param main the program, which gives its exit code */
    public static CommandLineRun of(ToIntFunction<String[]> main, Object... args) {
        PrintStream out = System.out, err = System.err;
        ByteArrayOutputStream o = new ByteArrayOutputStream(), e = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(o, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(e, true, StandardCharsets.UTF_8));
            int code = main.applyAsInt(Arrays.stream(args).map(Object::toString).toArray(String[]::new));
            return new CommandLineRun(code, o.toString(StandardCharsets.UTF_8), e.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    /** It says why in one line, and nothing of its insides. */
    public void assertFailed(int code, String says) {
        assertThat(err).contains(says).startsWith("faithdiff: ").doesNotContain("\tat ").doesNotContain("internal error");
        assertThat(err.lines().filter(l -> !l.startsWith("Try '"))).hasSize(1);
        assertThat(this.code).isEqualTo(code);
    }
}
