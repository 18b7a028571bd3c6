package dev.faithdiff.restore.batch;

import dev.faithdiff.image.file.ImageFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Finds the photos that files, folders and patterns name, and the output of each below one folder. A photo of a folder keeps its path below
 * that folder, a photo of a pattern its path below the pattern's part without wildcards, and a single file its name.
 */
public final class Worklist {
    private static final Set<String> WRITTEN = Set.of("png", "jpg", "jpeg", "webp", "tif", "tiff");
    private static final String WILDCARDS = ".*[*?\\[{].*";

    private final Path folder;
    private final String format;
    /** Each photo's output path below the output folder, still with the input's extension. */
    private final Map<Path, Path> places = new LinkedHashMap<>();

    private Worklist(Path folder, String format) {
        this.folder = folder;
        this.format = format;
    }

    /** Whether inputs are or may be several photos, which only a folder can take: several names, a folder or a pattern. */
    public static boolean isMany(List<String> inputs) {
        return inputs.size() != 1 || isPattern(inputs.getFirst()) || Files.isDirectory(Path.of(inputs.getFirst()));
    }

    /**
     * The photos in the order of the inputs, and by path within one.
     *
     * @param inputs files, folders, and patterns such as {@code album/**&#47;*.jpg}
     * @param folder the output folder
     * @param format extension of the outputs; null: each input's own, or png where photos of its format are not written
     * @throws IllegalArgumentException in one line if nothing is found, or a photo would be written over an input or another output
     */
    public static List<Job> of(List<String> inputs, Path folder, String format) {
        Worklist list = new Worklist(folder, format);
        for (String input : inputs) list.add(input);
        if (list.places.isEmpty()) throw new IllegalArgumentException("no photos in " + String.join(", ", inputs));
        return list.jobs();
    }

    private static boolean isPattern(String input) { return input.matches(WILDCARDS) && !Files.exists(Path.of(input)); }

    private void add(String input) {
        if (isPattern(input)) {
            addPattern(input);
            return;
        }
        Path path = Path.of(input);
        if (!Files.isDirectory(path)) places.put(path, path.getFileName());
        else if (isSame(path, folder)) throw new IllegalArgumentException(folder + " is the folder of the photos, write to another one");
        else walk(path, p -> true);
    }

    private void addPattern(String pattern) {
        int wildcard = pattern.replaceFirst("[*?\\[{].*", "").length(), slash = pattern.lastIndexOf('/', wildcard);
        Path base = Path.of(slash < 0 ? "" : pattern.substring(0, slash + 1));
        // "**/" also stands for no folder at all, as in shells.
        PathMatcher all = FileSystems.getDefault().getPathMatcher("glob:" + pattern);
        PathMatcher here = FileSystems.getDefault().getPathMatcher("glob:" + pattern.replace("**/", ""));
        walk(base, p -> {
            for (Path part = p; part != null && part.getNameCount() > base.getNameCount(); part = part.getParent()) {
                if (all.matches(part) || here.matches(part)) return true;
            }
            return all.matches(p) || here.matches(p);
        });
    }

    /** Adds the photos below a folder in order of their names, but none from the output folder. */
    private void walk(Path root, Predicate<Path> wanted) {
        Path own = folder.toAbsolutePath().normalize();
        if (!Files.isDirectory(root.toAbsolutePath())) throw new IllegalArgumentException("there is no folder " + root);
        try (Stream<Path> files = Files.walk(root)) {
            files.filter(ImageFiles::isPhoto)
                    .filter(p -> !p.toAbsolutePath().normalize().startsWith(own)).filter(wanted).filter(Files::isRegularFile).sorted()
                    .forEach(p -> places.put(p, root.relativize(p)));
        } catch (IOException e) {
            throw new IllegalArgumentException("cannot list " + root + ": " + e.getMessage(), e);
        } catch (UncheckedIOException e) {
            throw new IllegalArgumentException("cannot list " + root + ": " + e.getCause().getMessage(), e);
        }
    }

    /** Where several photos would get one name, each keeps its own extension before the new one. */
    private List<Job> jobs() {
        Map<Path, Integer> uses = new HashMap<>();
        places.forEach((in, place) -> uses.merge(target(place, false), 1, Integer::sum));
        Map<Path, Path> writers = new HashMap<>();
        Set<Path> inputs = new HashSet<>();
        for (Path in : places.keySet()) inputs.add(in.toAbsolutePath().normalize());
        List<Job> jobs = new ArrayList<>();
        places.forEach((in, place) -> {
            Path out = target(place, uses.get(target(place, false)) > 1);
            Path other = writers.put(out, in);
            if (other != null) throw new IllegalArgumentException(other + " and " + in + " would both be written to " + out);
            if (inputs.contains(out.toAbsolutePath().normalize())) {
                throw new IllegalArgumentException("writing " + out + " would replace a photo that is to be read");
            }
            jobs.add(new Job(in, out));
        });
        return jobs;
    }

    private Path target(Path place, boolean wholeName) {
        String name = place.getFileName().toString(), own = ImageFiles.extension(name);
        if (format == null && WRITTEN.contains(own) && !wholeName) return folder.resolve(place.toString());
        String extension = format != null ? format : WRITTEN.contains(own) ? own : "png";
        return folder.resolve(place.resolveSibling((wholeName ? name : ImageFiles.stem(name)) + "." + extension).toString());
    }

    /** Whether two paths name the same existing file. */
    public static boolean isSame(Path a, Path b) {
        try {
            return Files.exists(b) && Files.isSameFile(a, b);
        } catch (IOException e) {
            return false;
        }
    }
}
