package dev.faithdiff.restore.batch;

import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a list does with captions, results that exist, and results that cannot be written, with a restorer that gives the photo back. */
class BatchRulesTest {
    private static final List<Option<?>> TEXT = List.of(SCALE, SEED, PROMPT), NO_TEXT = List.of(SCALE, SEED);

    @TempDir Path dir;

    private final Map<String, String> outcomes = new LinkedHashMap<>();
    private final List<String> prompts = new ArrayList<>(), warnings = new ArrayList<>();

    private final BatchListener listener = new BatchListener() {
        @Override public Image restoring(Job job, Options options, Function<Listener, Image> restore) {
            return restore.apply(new Listener() {
                @Override public void at(String stage, int step, int steps) {}

                @Override public void warn(String line) { warnings.add(line); }
            });
        }

        @Override public void finished(Job job, Outcome outcome, Map<String, Object> facts) {
            Object more = outcome == Outcome.SKIPPED ? facts.get("otherOptions") : outcome == Outcome.FAILED ? facts.get("error") : "";
            outcomes.put(job.out().getFileName().toString(), (outcome + " " + more).strip());
        }
    };

    private Restorer restorer(List<Option<?>> options) {
        return new Restorer() {
            @Override public Image restore(Image photo, Options o, Listener hears, Path resume) {
                prompts.add(o.get(PROMPT));
                return photo;
            }

            @Override public List<Option<?>> options() { return options; }

            @Override public Options defaults() { return Options.defaults().parsed(SCALE, "1"); }

            @Override public void close() {}
        };
    }

    private void run(List<Option<?>> has, Options options, Worklist list) {
        outcomes.clear();
        prompts.clear();
        try (Restorer restorer = restorer(has)) {
            ResultSettings settings = new ResultSettings("none", "0", options, has);
            new Batch(restorer, settings, new Batch.Rules(true, false, false, false), listener).run(list.find().jobs());
        }
    }

    private Path photo(String name, int width, int height) throws IOException {
        Path file = dir.resolve(name);
        Files.createDirectories(file.getParent());
        ImageFiles.write(Image.of(width, height, new byte[3 * width * height]), file);
        return file;
    }

    private Worklist list(Path... in) { return new Worklist(List.of(in).stream().map(Path::toString).toList(), dir.resolve("out")); }

    @Test void captionsAreForModelsThatReadText() throws IOException {
        Path a = photo("a.png", 4, 4), b = photo("b.png", 4, 4), c = photo("c.png", 4, 4);
        Files.write(dir.resolve("a.txt"), "ein Mädchen".getBytes(StandardCharsets.ISO_8859_1));
        Files.writeString(dir.resolve("b.json"), "{\"caption\": ");
        Options options = restorer(TEXT).defaults().with(PROMPT, "a photo");
        run(NO_TEXT, options, list(a, b, c));
        assertThat(warnings).isEmpty();
        assertThat(outcomes.values()).containsOnly("DONE");
        run(TEXT, options, new Worklist(List.of(a.toString(), b.toString(), c.toString()), dir.resolve("again")));
        assertThat(prompts).containsExactly("ein Mädchen", "a photo", "a photo");
        assertThat(warnings).hasSize(2).anyMatch(w -> w.contains("a.txt")).anyMatch(w -> w.contains("b.json"));
        assertThat(outcomes.values()).containsOnly("DONE");
    }

    @Test void resultsThatExistAreSkippedAndOthersOptionsAreSaid() throws IOException {
        Path png = photo("a.png", 4, 4), jpg = photo("b.jpg", 4, 4), webp = photo("c.webp", 4, 4), tif = photo("d.tif", 4, 4);
        Options options = restorer(TEXT).defaults(), other = options.with(SEED, 7L);
        run(TEXT, options, list(png, jpg, webp, tif));
        Files.copy(png, dir.resolve("out/e.png"));
        Worklist more = list(png, jpg, webp, tif, photo("e.png", 4, 4));
        run(TEXT, options, more);
        assertThat(outcomes.values()).as("the last is not known")
                .containsExactly("SKIPPED false", "SKIPPED false", "SKIPPED false", "SKIPPED false", "SKIPPED false");
        run(TEXT, other, more);
        assertThat(outcomes.values()).containsExactly("SKIPPED true", "SKIPPED true", "SKIPPED true", "SKIPPED true", "SKIPPED false");
    }

    /** A format's limit is found before the work, and costs this photo alone. */
    @Test void resultsThatAreTooLargeForTheirFormatAreNotBegun() throws IOException {
        Path wide = photo("wide.png", 5000, 1), small = photo("small.png", 4, 1);
        Files.move(wide, dir.resolve("wide.webp")); // the signature counts, not the name
        run(TEXT, Options.defaults().parsed(SCALE, "4"), list(dir.resolve("wide.webp"), small));
        assertThat(outcomes.get("wide.webp")).startsWith("FAILED ").contains("16383 pixels a side", "20000x4");
        assertThat(outcomes.get("small.png")).isEqualTo("DONE");
        assertThat(prompts).hasSize(1);
    }

    @Test void aLinkToNothingDoesNotStopTheRest() throws IOException {
        photo("in/b.png", 4, 4);
        Files.createSymbolicLink(dir.resolve("in/a.png"), dir.resolve("nowhere.png"));
        run(TEXT, restorer(TEXT).defaults(), list(dir.resolve("in")));
        assertThat(outcomes.get("a.png")).contains("does not exist");
        assertThat(outcomes.get("b.png")).isEqualTo("DONE");
    }
}
