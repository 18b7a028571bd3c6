package dev.faithdiff.tensor.host;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The version of the program, as the build wrote it from the root pom: every command and every result file takes it from here. */
public final class Version {
    /** For example {@code 0.2.0}. */
    public static final String NUMBER = read();

    /** For example {@code faithdiff 0.2.0}: what {@code --version} prints and result files carry. */
    public static final String PROGRAM = "faithdiff " + NUMBER;

    private Version() {}

    private static String read() {
        try (InputStream in = Version.class.getResourceAsStream("version.txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
