package dev.faithdiff.convert.system;

import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.tensor.host.IoReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Where the files of a released system lie.
 *
 * @param source    its folder, or its one file
 * @param base      Stable Diffusion, a diffusers folder or a single file; null: it is searched for in the source
 * @param tokenizer folder of the tokenizer for a single file, or null
 * @param config    diffusers folder whose configurations count for a single file, or null
 */
public record Release(Path source, Path base, Path tokenizer, Path config) {
    /** How far below the source its files are looked for: AdcSR's repository has them in {@code weight/pretrained}. */
    private static final int DEPTH = 3;
    /** How many files and folders are looked at: enough for any release, and an end for a SOURCE that is none. */
    private static final int MOST = 100_000;

    /** The file of a name; null if there is none. @throws ConvertError if there are several */
    Path find(String name) {
        List<Path> found = files().stream().filter(p -> p.getFileName().toString().equals(name)).toList();
        if (found.size() > 1) throw new ConvertError(source, "holds more than one " + name + ": " + found);
        return found.isEmpty() ? null : found.getFirst();
    }

    /** The file of a name. @throws ConvertError if there is none, or several */
    Path file(String name) {
        Path found = find(name);
        if (found == null) throw new ConvertError(source, "holds no " + name);
        return found;
    }

    /**
     * The variant whose file is here; null if there is none.
     *
     * @param file a variant's file name
     * @param what such a file is, in words
     * @throws ConvertError if there are files of several variants
     */
    <V> V variant(V[] variants, Function<V, String> file, String what) {
        List<V> found = Arrays.stream(variants).filter(v -> find(file.apply(v)) != null).toList();
        if (found.size() > 1) {
            throw new ConvertError(source, "holds more than one " + what + ": " + found.stream().map(file).toList() + "; name one file as SOURCE");
        }
        return found.isEmpty() ? null : found.getFirst();
    }

    /** The source's files, or the one file that it is. */
    List<Path> files() {
        if (!Files.isDirectory(source)) return List.of(source);
        try (Stream<Path> all = Files.walk(source, DEPTH)) {
            return all.limit(MOST).filter(Files::isRegularFile).sorted().toList();
        } catch (IOException e) {
            throw new ConvertError(source, "cannot be read: " + IoReason.of(e), e);
        }
    }
}
