package dev.faithdiff.spark;

import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.batch.Job;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;

/** Finds the photos, and says where the result of each goes. */
record PhotoSearch(RestoreOptions options, HadoopFiles files, Path out) {
    /** The photos in order of their paths, each once. @throws IllegalArgumentException in one line if there are none, or two results have one name */
    List<PhotoTask> tasks(SparkSession spark) throws IOException {
        Path root;
        Set<String> photos = new TreeSet<>();
        if (options.list == null) {
            root = files.qualified(options.in);
            if (root.equals(out)) throw new IllegalArgumentException(out + " is the folder of the photos, write to another one");
            boolean isWithin = isBelow(out, root);
            for (Path file : below(root)) if (!(isWithin && isBelow(file, out)) && isPhoto(file)) photos.add(file.toString());
        } else {
            for (String listed : listed(spark)) if (!listed.isBlank()) photos.add(files.qualified(listed).toString());
            root = options.below == null ? common(photos) : files.qualified(options.below);
        }
        if (photos.isEmpty()) throw new IllegalArgumentException("no photos in " + options.in);
        return tasks(root, photos);
    }

    private List<String> listed(SparkSession spark) {
        if (options.list == RestoreOptions.ListFormat.TEXT) return spark.read().textFile(options.in).collectAsList();
        return spark.read().parquet(options.in).select(options.column).as(Encoders.STRING()).collectAsList();
    }

    private List<PhotoTask> tasks(Path root, Set<String> photos) {
        Map<java.nio.file.Path, String> lies = new HashMap<>();
        List<java.nio.file.Path> paths = new ArrayList<>();
        for (String photo : photos) {
            Path file = new Path(photo);
            if (!isBelow(file, root)) throw new IllegalArgumentException(photo + " is not below " + root);
            java.nio.file.Path path = java.nio.file.Path.of(relative(file, root));
            paths.add(path);
            lies.put(path, photo);
        }
        List<PhotoTask> tasks = new ArrayList<>();
        for (Job job : options.names().below(paths)) {
            String to = HadoopFiles.below(out, job.out().toString()).toString();
            tasks.add(new PhotoTask(lies.get(job.in()), to, job.encoding().format(), job.encoding().jpegQuality(), job.seed()));
        }
        return tasks;
    }

    /** What lies below the folder of results already, photos or not. */
    Set<String> done() throws IOException {
        Set<String> there = new HashSet<>();
        for (Path file : below(out)) there.add(file.toString());
        return there;
    }

    /** All files below a folder; none if it does not exist. */
    private List<Path> below(Path folder) throws IOException {
        List<Path> found = new ArrayList<>();
        try {
            RemoteIterator<LocatedFileStatus> all = files.system(folder).listFiles(folder, true);
            while (all.hasNext()) found.add(all.next().getPath());
        } catch (FileNotFoundException e) {
            return List.of();
        }
        return found;
    }

    private static boolean isPhoto(Path file) { return ImageFiles.isPhoto(java.nio.file.Path.of(file.getName())); }

    private static boolean isBelow(Path file, Path folder) {
        return file.toString().startsWith(folder.isRoot() ? folder.toString() : folder + "/");
    }

    private static String relative(Path file, Path folder) {
        String all = file.toString(), start = folder.toString();
        return all.substring(folder.isRoot() ? start.length() : start.length() + 1);
    }

    /** The deepest folder that all photos are in. */
    private static Path common(Set<String> photos) {
        Path folder = null;
        for (String photo : photos) {
            if (folder == null) folder = new Path(photo).getParent();
            while (!isBelow(new Path(photo), folder)) {
                folder = folder.getParent();
                if (folder == null) throw new IllegalArgumentException("photos of several file systems need --below, and one list each");
            }
        }
        return folder;
    }
}
