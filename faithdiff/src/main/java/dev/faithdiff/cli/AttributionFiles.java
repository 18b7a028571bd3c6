package dev.faithdiff.cli;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.HeatMap;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.batch.BatchListener;
import dev.faithdiff.restore.batch.Job;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;

/** Wants maps of words, and shows each over the result in a file beside it, {@code RESULT-daam-WORD.png}. */
final class AttributionFiles implements Listener {
    private final Map<String, Path> files = new LinkedHashMap<>();
    private final Map<String, HeatMap> maps = new LinkedHashMap<>();

    /** @throws IllegalArgumentException in one line if a word is empty, two have the same file, or a file exists that is not to be replaced */
    AttributionFiles(List<String> words, Path result, boolean replace) {
        for (String word : words) {
            String name = word.toLowerCase(Locale.ROOT).replaceAll("(?U)[^\\w]+", "-").replaceAll("^-+|-+$", "");
            if (name.isEmpty()) throw new IllegalArgumentException("--daam takes words with commas between, not '" + String.join(",", words) + "'");
            Path file = result.resolveSibling(ImageFiles.stem(result.getFileName().toString()) + "-daam-" + name + ".png");
            if (files.containsValue(file)) throw new IllegalArgumentException("--daam: two words would be shown in " + file);
            if (Files.exists(file) && !replace) throw new IllegalArgumentException(file + " exists already; --overwrite replaces it");
            files.put(word.strip(), file);
        }
    }

    @Override public void at(String stage, int step, int steps) {}

    @Override public List<String> words() { return List.copyOf(files.keySet()); }

    @Override public void map(String word, HeatMap map) { maps.put(word, map); }

    /** A listener of a batch of one photo that also writes the files. @param says gets a line about each word */
    BatchListener of(BatchListener inner, Consumer<String> says) {
        if (files.isEmpty()) return inner;
        Listener words = this;
        return new BatchListener() {
            private Image result;

            @Override public Image restoring(Job job, Options options, Function<Listener, Image> restore) {
                return result = inner.restoring(job, options, progress -> restore.apply(progress.and(words)));
            }

            @Override public void finished(Job job, Outcome outcome, Map<String, Object> facts) {
                if (outcome == Outcome.DONE) write(result).forEach(says);
                inner.finished(job, outcome, facts);
            }

            @Override public String reason(Throwable e) { return inner.reason(e); }
        };
    }

    /** Writes the files. Returns a line about each word. @param result the restored image */
    List<String> write(Image result) {
        List<String> lines = new ArrayList<>();
        files.forEach((word, file) -> {
            HeatMap map = maps.get(word);
            if (map == null) {
                lines.add("there is no map of '" + word + "', since no network that reads the prompt ran");
                return;
            }
            ImageFiles.write(map.over(result), file);
            lines.add(String.format(Locale.ROOT, "%s: attention to '%s' from %.2g to %.2g", file, word, map.min(), map.max()));
        });
        return lines;
    }
}
