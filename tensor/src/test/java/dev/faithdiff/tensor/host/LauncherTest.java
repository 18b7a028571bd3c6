package dev.faithdiff.tensor.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.CommandLineRun;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** How programs end: with one line and the right exit code, also where nobody catches what went wrong. */
class LauncherTest {
    /** A program whose prints come to nothing for a reason. */
    private static CommandLineRun printing(String reason, int code, String... args) {
        OutputStream broken = new OutputStream() {
            @Override public void write(int b) throws IOException { throw new IOException(reason); }
        };
        StandardOutput out = new StandardOutput(broken);
        return CommandLineRun.of(a -> Launcher.ended(_ -> {
            System.setOut(new PrintStream(out, true));
            System.out.println("a result");
            return code;
        }, out, a), (Object[]) args);
    }

    private static CommandLineRun failing(Error e, Object... args) {
        return CommandLineRun.of(a -> Launcher.ended(_ -> { throw e; }, new StandardOutput(OutputStream.nullOutputStream()), a), args);
    }

    @Test void whatIsPrintedIsNotLostInSilence() {
        printing("No space left on device", 0).assertFailed(1, "cannot write to standard output: No space left on device");
        assertThat(printing("No space left on device", 2)).as("a failure has said its line").isEqualTo(new CommandLineRun(2, "", ""));
        assertThat(printing("Broken pipe", 0)).as("a reader may stop").isEqualTo(CommandLineRun.SILENT);
    }

    @Test void errorsAreOneLine() {
        failing(new OutOfMemoryError("Java heap space")).assertFailed(1, "out of memory (Java heap space)");
        failing(new LinkageError("no\nlibrary")).assertFailed(1, "no library");
        CommandLineRun unknown = failing(new StackOverflowError());
        assertThat(unknown.err()).isEqualTo("faithdiff: internal error: java.lang.StackOverflowError (run with --verbose for details)\n");
        assertThat(failing(new LinkageError("no library"), "--verbose").err()).contains("\tat ");
    }

    @Test void reasonsAreWordsAndNoClasses() {
        assertThat(Failure.line(new UncheckedIOException(new AccessDeniedException("/a/b")))).isEqualTo("/a/b: permission denied");
        assertThat(Failure.line(new IllegalStateException(new FileSystemException("/a", null, "Is a directory")))).isEqualTo("/a: Is a directory");
        assertThat(Failure.line(new UncheckedIOException(new NotDirectoryException("/a")))).isEqualTo("/a: it is no folder");
        assertThat(Failure.line(new UncheckedIOException(new MalformedInputException(1)))).isEqualTo("it is not UTF-8");
        assertThat(Failure.line(new IllegalStateException("what went wrong", new IOException("why")))).isEqualTo("what went wrong");
    }

    @Test void wrongUsageIsSaidWithoutJavasTypes() {
        assertThat(Failure.usage("Invalid value for option '--n': 'x' is not an int"))
                .isEqualTo("Invalid value for option '--n': 'x' is not a whole number");
        assertThat(Failure.usage("Invalid value for option '--x': 'a\nb' is not a double")).endsWith("'a b' is not a number");
    }

    @Test void foldersOfAUserDoNotDependOnTheWorkingFolder() {
        Path usual = Path.of("/home/me/.cache/faithdiff/tuned");
        assertThat(UserFolders.folder(null, "/home/me", ".cache", "tuned")).isEqualTo(usual);
        assertThat(UserFolders.folder("", "/home/me", ".cache", "tuned")).isEqualTo(usual);
        assertThat(UserFolders.folder("relative", "/home/me", ".cache", "tuned")).isEqualTo(usual);
        assertThat(UserFolders.folder("/xdg", "/home/me", ".cache", "tuned")).isEqualTo(Path.of("/xdg/faithdiff/tuned"));
        assertThat(UserFolders.folder(null, "?", ".cache", "tuned")).as("nobody's home").isEqualTo(Path.of("/.cache/faithdiff/tuned"));
    }
}
