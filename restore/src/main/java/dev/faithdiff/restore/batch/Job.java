package dev.faithdiff.restore.batch;

import dev.faithdiff.image.file.Encoding;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A photo to restore, and the file that the result is written to.
 *
 * @param in  {@link #STREAM}: standard input
 * @param out may name a pipe or a device, which is written into
 * @param seed of the random numbers; null: the one of the options
 */
public record Job(Path in, Path out, Encoding encoding, Long seed) {
    /** The photo that comes from standard input, or the result that goes to standard output. */
    public static final Path STREAM = Path.of("-");

    private static final List<Path> STREAMS =
            List.of(Path.of("/dev/stdin"), Path.of("/dev/stdout"), Path.of("/dev/stderr"), Path.of("/dev/fd"), Path.of("/proc"));

    /** As the output's extension says, with the options' seed. */
    public Job(Path in, Path out) { this(in, out, Encoding.of(out), null); }

    /** Whether a file is already where the result would go. */
    public boolean isDone() { return !isStreamed() && Files.exists(out); }

    /** Whether the result goes into standard output, a pipe or a device, none of which is replaced. */
    public boolean isStreamed() { return isStream(out); }

    /** Whether the result goes to standard output. */
    public boolean isToOutput() { return out.equals(STREAM) || out.equals(Path.of("/dev/stdout")); }

    /** The output's name for messages. */
    public String shownOut() { return out.equals(STREAM) ? "standard output" : out.toString(); }

    static boolean isStream(Path path) {
        if (path.equals(STREAM) || STREAMS.stream().anyMatch(path::startsWith)) return true;
        return Files.exists(path) && !Files.isRegularFile(path) && !Files.isDirectory(path);
    }
}
