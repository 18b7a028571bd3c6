package dev.faithdiff.report;

import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.WRAP;

import com.google.gson.JsonObject;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.Photo;
import dev.faithdiff.quality.trust.Plane;
import dev.faithdiff.quality.trust.TrustScore;
import dev.faithdiff.restore.HeatMap;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.batch.Batch;
import dev.faithdiff.restore.batch.BatchListener;
import dev.faithdiff.restore.batch.Job;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * Writes a page beside each restored photo, and tells another listener everything. A photo whose page cannot be written has failed.
 *
 * @see PhotoPage
 */
public final class ReportingListener implements BatchListener {
    /** Maps are as strong as they get where they reach this share of the range. */
    public static final double MOST_CHANGE = 0.25, MOST_UNEXPLAINED = 0.1, MOST_SEEDS = 0.1;

    /**
     * A restored photo whose page is not yet written.
     *
     * @param words where the network looked at words, for those who asked
     * @param seeds the deviation between seeds; null: only one was tried
     */
    private record Restored(Photo photo, Image result, Options options, Map<String, Double> stages, Map<String, HeatMap> words, Plane seeds) {}

    /** Hears where the network looked, without asking for it. */
    private record Words(Map<String, HeatMap> maps) implements Listener {
        @Override public void at(String stage, int step, int steps) {}

        @Override public void map(String word, HeatMap map) { maps.put(word, map); }
    }

    private final BatchListener inner;
    private final Path folder;
    private final int seeds;
    private final ReportedModel model;
    private final Restorer restorer;
    private final Batch.Rules rules;
    private final Map<Job, Restored> restored = new ConcurrentHashMap<>();
    private final Set<Path> pages = new HashSet<>();

    /** @param folder for the pages; it exists. @param seeds how many further seeds each photo is restored with, to see what changes */
    public ReportingListener(BatchListener inner, Path folder, int seeds, ReportedModel model, Restorer restorer, Batch.Rules rules) {
        this.inner = inner;
        this.folder = folder;
        this.seeds = seeds;
        this.model = model;
        this.restorer = restorer;
        this.rules = rules;
    }

    @Override public Image restoring(Job job, Options options, Function<Listener, Image> restore) {
        Map<String, Double> stages = new LinkedHashMap<>();
        Map<String, HeatMap> words = new LinkedHashMap<>();
        Image result = inner.restoring(job, options, progress -> {
            StageTimes times = new StageTimes();
            Image image = restore.apply(progress.and(times).and(new Words(words)));
            stages.putAll(times.ended());
            return image;
        });
        Photo photo = Batch.read(job.in(), rules.strict());
        restored.put(job, new Restored(photo, result, options, stages, words, deviation(job, options, photo.visible(), result)));
        return result;
    }

    private Plane deviation(Job job, Options options, Image photo, Image result) {
        if (seeds == 0) return null;
        List<Image> results = new ArrayList<>(List.of(result));
        for (int k = 1; k <= seeds; k++) {
            Options other = options.with(SEED, options.get(SEED) + k);
            results.add(inner.restoring(job, other, progress -> restorer.restore(photo, other, progress)));
        }
        return Plane.deviation(results);
    }

    @Override public void finished(Job job, Outcome outcome, Map<String, Object> facts) {
        Restored r = restored.remove(job);
        if (outcome == Outcome.DONE && r != null) {
            @SuppressWarnings("unchecked") Map<String, Object> settings = (Map<String, Object>) facts.get("settings");
            write(job, r, settings);
        }
        inner.finished(job, outcome, facts);
    }

    @Override public String reason(Throwable e) { return inner.reason(e); }

    private void write(Job job, Restored r, Map<String, Object> settings) {
        Path page = page(job.out().getFileName().toString());
        Image photo = r.photo.visible(), result = r.result, enlarged = ResultSize.of(r.options, photo).resized(photo, r.options.get(WRAP));
        Plane change = Plane.difference(result, enlarged), unexplained = TrustScore.unexplained(result, photo);
        Map<String, Double> figures = Figures.of(photo, enlarged, result);
        figures.put("change", change.mean());
        Map<String, String> pictures = new LinkedHashMap<>();
        JsonObject facts = new JsonObject(), most = new JsonObject();
        pictures.put("before", Pictures.of(r.photo.restored(enlarged)));
        pictures.put("after", Pictures.of(r.photo.restored(result)));
        map(pictures, most, "change", change, MOST_CHANGE);
        map(pictures, most, "unexplained", unexplained, MOST_UNEXPLAINED);
        map(pictures, most, "seeds", r.seeds, MOST_SEEDS);
        if (r.seeds != null) figures.put("seeds", r.seeds.mean());
        if (Trust.isFor(model.calibration(), seeds)) {
            Plane scored = model.calibration().seeds() == 0 ? null : r.seeds;
            pictures.put("score", Pictures.of(TrustScore.of(result, enlarged, scored), result.width(), result.height()));
            facts.add("trust", Trust.json(model.calibration()));
        }
        facts.add("most", most);
        JsonObject words = new JsonObject();
        r.words.forEach((word, map) -> {
            String name = "word" + words.size();
            pictures.put(name, Pictures.of(map));
            JsonObject seen = new JsonObject();
            seen.addProperty("word", word);
            seen.addProperty("least", map.min());
            seen.addProperty("most", map.max());
            words.add(name, seen);
        });
        facts.add("words", words);
        Origin origin = Origin.of(model, job, settings, rules, page);
        PhotoPage.write(page, new PhotoPage.Content(job.out(), PhotoPage.size(photo, result), origin, figures, r.stages,
                sentences(settings, figures, result), facts, pictures));
    }

    private List<String> sentences(Map<String, Object> settings, Map<String, Double> figures, Image result) {
        List<String> all = Trust.sentences(model.calibration(), settings, seeds, result);
        if (seeds > 0) all.add(figures.get("seeds") == 0 ? "This result does not depend on the seed: " + seeds + " further ones gave the same."
                : "The photo was restored with " + seeds + " further seeds; where the results deviate, the photo does not say what is there.");
        return all;
    }

    private static void map(Map<String, String> pictures, JsonObject most, String name, Plane map, double white) {
        if (map == null) return;
        pictures.put(name, Pictures.of(map, white));
        most.addProperty(name, white);
    }

    /** A name of its own for each result of this run. */
    private Path page(String result) {
        Path page = folder.resolve(result + ".html");
        for (int k = 2; !pages.add(page); k++) page = folder.resolve(result + "-" + k + ".html");
        return page;
    }
}
