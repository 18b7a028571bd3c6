package dev.faithdiff.restore.batch;

import dev.faithdiff.image.file.Encoding;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.ImageFormat;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Which photos files, folders and patterns name, and where the result of each goes. A photo of a folder keeps its path below that folder, a photo of
 * a pattern its path below the pattern's part without wildcards, and a single file its name. Without an output, the result of a file lies
 * beside it, and the results of a folder in a folder beside it, both named with {@value #RESTORED}.
 *
 * @param out     a file for one photo, a folder, {@link Job#STREAM}, or null
 * @param format  of all results; null: what {@code out} says; in a folder each photo's own, or PNG where photos of its format are not written
 * @param quality of JPEG results, 1 to 100
 * @param seeds   each gives a result of its own, with the seed in its name; empty: one result with the options' seed
 */
public record Worklist(List<String> inputs, Path out, ImageFormat format, int quality, List<Long> seeds) {
    private static final String RESTORED = "-restored";

    /** The jobs in the order of the inputs, and by path within one. @param remarks what was left out, in sentences */
    public record Found(List<Job> jobs, List<String> remarks) {}

    /** Results in a folder, or as each photo's own file says. */
    public Worklist(List<String> inputs, Path out) { this(inputs, out, null, Encoding.INITIAL_JPEG_QUALITY, List.of()); }

    /** A photo, the folder of its result, and its path there, still with the photo's extension. @param format null: as the name says */
    private record Place(Path in, Path folder, Path path, ImageFormat format) {}

    /** Photos in the order of the inputs, each once. @param remarks what was left out, in sentences */
    public record Photos(List<Path> files, List<String> remarks) {}

    /** The photos that are named, where nothing is written. @throws IllegalArgumentException in one line if nothing is found */
    public static Photos photos(List<String> inputs) {
        Set<Path> files = new LinkedHashSet<>();
        List<String> remarks = new ArrayList<>();
        for (String input : inputs) {
            PhotoPattern pattern = PhotoPattern.of(input);
            Path path = path(input, pattern);
            if (pattern == null && !Files.isDirectory(path)) files.add(path);
            else {
                PhotoFolder folder = PhotoFolder.list(path, null, pattern == null ? p -> true : pattern);
                files.addAll(folder.photos());
                remarks.addAll(folder.remarks());
            }
        }
        if (files.isEmpty()) throw noPhotos(inputs);
        return new Photos(List.copyOf(files), remarks);
    }

    private static IllegalArgumentException noPhotos(List<String> inputs) {
        return new IllegalArgumentException("no photos in " + String.join(", ", inputs));
    }

    /** The file or folder, or the pattern's part without wildcards. An empty name, as of a variable that is not set, is not that of this folder. */
    private static Path path(String input, PhotoPattern pattern) {
        if (input.isEmpty()) throw new IllegalArgumentException("the name of a photo or folder is empty");
        return pattern == null ? FileNames.path(input) : pattern.base();
    }

    /** Whether there may be several results, of which one that exists is skipped. */
    public boolean isMany() {
        if (inputs.size() != 1 || seeds.size() > 1 || out != null && isFolder()) return true;
        return PhotoPattern.of(inputs.getFirst()) != null || Files.isDirectory(FileNames.path(inputs.getFirst()));
    }

    /**
     * Finds the photos.
     *
     * @throws IllegalArgumentException in one line if nothing is found, or a result would be written over an input or another result
     */
    public Found find() {
        Found found = findAny();
        if (found.jobs.isEmpty()) throw noPhotos(inputs);
        return found;
    }

    /** As {@link #find}, where nothing may be found. */
    public Found findAny() {
        List<String> remarks = new ArrayList<>();
        Set<Place> places = new LinkedHashSet<>();
        for (String input : inputs) add(input, places, remarks);
        List<Job> jobs = jobs(places);
        check(jobs);
        return new Found(jobs, remarks);
    }

    /**
     * The jobs of the photos of a folder that lies elsewhere, with the names of their results. No file is looked at.
     *
     * @param photos their paths below that folder; results have theirs below the folder of results
     * @throws IllegalArgumentException in one line if two results would have one name
     */
    public List<Job> below(List<Path> photos) {
        List<Place> places = photos.stream().map(p -> new Place(p, Path.of(""), p, format)).toList();
        List<Job> jobs = jobs(places);
        Map<Path, Path> writers = new HashMap<>();
        for (Job j : jobs) {
            Path other = writers.put(j.out(), j.in());
            if (other != null) throw new IllegalArgumentException(other + " and " + j.in() + " would both be written to " + j.out());
        }
        return jobs;
    }

    /** Whether two paths name the same existing file. */
    public static boolean isSame(Path a, Path b) { return FileNames.isSame(a, b); }

    /** A folder is there already, or its name has no extension, or several photos go there. */
    private boolean isFolder() {
        if (Files.isDirectory(out)) return true;
        if (Files.exists(out) || Job.isStream(out)) return false;
        return ImageFiles.extension(out.getFileName().toString()).isEmpty() || inputs.size() > 1 && !ImageFiles.isPhoto(out);
    }

    private void add(String input, Collection<Place> places, List<String> remarks) {
        PhotoPattern pattern = PhotoPattern.of(input);
        Path path = path(input, pattern);
        if (pattern != null) {
            if (out == null) throw new IllegalArgumentException("say with -o where the results of the pattern " + input + " go");
            addFolder(path, out, pattern, places, remarks);
        } else if (!Files.isDirectory(path)) places.add(single(path));
        else if (out != null && isSame(path, out)) throw new IllegalArgumentException(out + " is the folder of the photos, write to another one");
        else addFolder(path, out == null ? FileNames.sibling(path, FileNames.name(path) + RESTORED) : out, p -> true, places, remarks);
    }

    private void addFolder(Path from, Path to, Predicate<Path> wanted, Collection<Place> places, List<String> remarks) {
        if (Files.exists(to) && !Files.isDirectory(to) || to.equals(out) && ImageFiles.isPhoto(to) && !Files.isDirectory(to)) {
            String what = Files.exists(to) ? " is a file" : " is named like a photo";
            throw new IllegalArgumentException(to + what + ", but many photos need a folder");
        }
        PhotoFolder folder = PhotoFolder.list(from, to, wanted);
        for (Path photo : folder.photos()) places.add(new Place(photo, to, from.relativize(photo), format));
        remarks.addAll(folder.remarks());
    }

    /** Where the result of a file goes. */
    private Place single(Path in) {
        boolean isStream = in.equals(Job.STREAM);
        Path name = isStream ? Path.of("stdin.png") : in.getFileName();
        if (out == null && isStream) return new Place(in, null, Job.STREAM, format);
        if (out == null && Job.isStream(in)) throw new IllegalArgumentException("say with -o where the result of " + in + " goes");
        if (out == null) {
            ImageFormat chosen = format == null ? ImageFormat.PNG : format;
            return new Place(in, null, FileNames.sibling(in, FileNames.stem(in) + RESTORED + "." + chosen.extension()), chosen);
        }
        if (isFolder()) return new Place(in, out, name, format);
        if (inputs.size() > 1) throw new IllegalArgumentException(out + " takes one photo, but many photos need a folder");
        return new Place(in, null, out, format);
    }

    /** Where several photos would get one name, each keeps its own extension before the new one. */
    private List<Job> jobs(Collection<Place> places) {
        Map<Path, Set<Path>> users = new HashMap<>();
        for (Place p : places) users.computeIfAbsent(target(p, false), _ -> new HashSet<>()).add(p.in);
        List<Job> jobs = new ArrayList<>();
        for (Place p : places) {
            Path target = target(p, users.get(target(p, false)).size() > 1);
            ImageFormat named = ImageFormat.named(ImageFiles.extension(FileNames.name(target)));
            if (p.folder == null && format != null && named != null && named != format) {
                throw new IllegalArgumentException(target + " is not named like a file of --format " + format.extension());
            }
            boolean isFree = Job.isStream(target) && (named == null || !named.written());
            Encoding encoding = new Encoding(format != null ? format : isFree ? ImageFormat.PNG : Encoding.of(target).format(), quality);
            if (seeds.isEmpty()) jobs.add(new Job(p.in, target, encoding, null));
            else for (long seed : seeds) jobs.add(new Job(p.in, withSeed(target, seed), encoding, seed));
        }
        return jobs;
    }

    private static Path withSeed(Path target, long seed) {
        if (Job.isStream(target)) throw new IllegalArgumentException("several results need a file or folder, not " + target);
        String extension = ImageFiles.extension(FileNames.name(target));
        return FileNames.sibling(target, FileNames.stem(target) + "-seed" + seed + (extension.isEmpty() ? "" : "." + extension));
    }

    private static Path target(Place place, boolean wholeName) {
        if (place.folder == null) return place.path;
        String own = ImageFiles.extension(FileNames.name(place.path));
        ImageFormat format = ImageFormat.named(own);
        boolean kept = place.format == null && format != null && format.written();
        Path below = place.folder.resolve(place.path);
        if (kept && !wholeName) return below;
        String extension = place.format != null ? place.format.extension() : kept ? own : ImageFormat.PNG.extension();
        return FileNames.sibling(below, (wholeName ? FileNames.name(below) : FileNames.stem(below)) + "." + extension);
    }

    private void check(List<Job> jobs) {
        Set<Path> ins = new HashSet<>();
        for (Job j : jobs) ins.add(FileNames.real(j.in()));
        Map<Path, Path> writers = new HashMap<>();
        for (Job j : jobs) {
            if (j.isStreamed()) {
                if (jobs.size() > 1) throw new IllegalArgumentException(j.out() + " takes one photo, but many photos need a folder");
                continue;
            }
            Path out = FileNames.real(j.out()), other = writers.put(out, j.in());
            if (other != null && other.equals(j.in())) throw new IllegalArgumentException(j.in() + " is named twice, or a seed is");
            if (other != null) throw new IllegalArgumentException(other + " and " + j.in() + " would both be written to " + j.out());
            if (ins.contains(out)) throw new IllegalArgumentException("writing " + j.out() + " would replace the photo that is to be read");
        }
    }
}
