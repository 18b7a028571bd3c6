package dev.faithdiff.quality.study;

import dev.faithdiff.image.file.OutputFile;
import dev.faithdiff.quality.Measures.Entry;
import dev.faithdiff.restore.Compute;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Looks for the losses of levels that give published rows, and writes what it found. A run that was killed takes the same way again, over what
 * is done.
 */
public final class LevelSearch {
    /** Where the search begins: hardly any loss, one pass, and two passes; the best of them counts. */
    private static final List<double[]> STARTS = List.of(new double[] {0.1, 0.02, 0.1, 0}, new double[] {0.3, 0.15, 0.3, 0.2},
            new double[] {0.3, 0.4, 0.5, 0.6}, new double[] {0.6, 0.2, 0.4, 0.8});
    /** The search ends where all values are as near, in tolerances. */
    private static final double NEAR = 0.05;

    private final LevelRows sought;
    private final Path folder;
    private final Compute on;
    private final int most;
    private final Consumer<String> says;
    private final Map<String, String> closed = new LinkedHashMap<>();

    /** @param most losses that are tried for each level @param says gets what is done, in lines */
    public LevelSearch(LevelRows sought, Path folder, Compute on, int most, Consumer<String> says) {
        this.sought = sought;
        this.folder = folder;
        this.on = on;
        this.most = most;
        this.says = says;
    }

    /** A value that was looked for, and the one that was found. */
    record Residual(String system, String measure, double published, double found, double tolerance) {
        double inTolerances() { return (found - published) / tolerance; }

        boolean isWithin() { return Math.abs(inTolerances()) <= 1; }
    }

    /** What was found of a level. @param missing values that could not be looked for, and why */
    record Found(LevelRows.Level level, Losses losses, List<Residual> residuals, List<String> missing, int tried) {
        /** Whether the level is calibrated, in words. */
        String verdict() {
            List<String> why = new ArrayList<>();
            if (!missing.isEmpty()) why.add("values are missing");
            if (residuals.size() < Losses.COUNT) {
                why.add(residuals.size() + " values leave " + Losses.COUNT + " numbers open, so other losses fit as well");
            }
            long far = residuals.stream().filter(r -> !r.isWithin()).count();
            if (far > 0) why.add(far + " of " + residuals.size() + " values are not within their tolerance");
            return why.isEmpty() ? "calibrated on these photos" : "a guess, not calibrated: " + String.join("; ", why);
        }
    }

    /** Looks for all levels and writes the report. @return the report */
    public Path run() {
        List<Found> found = new ArrayList<>();
        try {
            for (LevelRows.Level level : sought.levels()) found.add(find(level));
        } finally {
            sought.study().measures().forEach(e -> StudyRun.close(e.measure()));
        }
        Path report = folder.resolve("calibration.md");
        OutputFile.write(report, report(found));
        return report;
    }

    private Found find(LevelRows.Level level) {
        List<String> missing = new ArrayList<>();
        for (Entry e : sought.study().measures()) if (e.missing() != null) missing.add(e.measure().name() + ": " + e.missing());
        Summary begun = summary(STARTS.subList(0, 1));
        List<Residual> first = residuals(level, begun, STARTS.getFirst());
        level.rows().keySet().stream().filter(closed::containsKey).forEach(s -> missing.add(s + ": " + closed.get(s)));
        if (first.isEmpty()) throw new IllegalArgumentException(level.name() + ": nothing can be looked for; " + String.join("; ", missing));
        for (Residual r : first) if (Double.isNaN(r.found)) throw new IllegalArgumentException("no " + r.measure + " of " + r.system + why(begun, r));
        LeastSquares.Fit fit = LeastSquares.fit(points -> {
            Summary summary = summary(points);
            List<double[]> all = new ArrayList<>();
            for (double[] p : points) all.add(residuals(level, summary, p).stream().mapToDouble(Residual::inTolerances).toArray());
            double least = all.stream().mapToDouble(r -> new LeastSquares.Point(null, r).sum()).min().orElseThrow();
            says.accept(level.name() + ": " + points.size() + " losses tried, the best of them "
                    + String.format(Locale.ROOT, "%.2f tolerances off (root mean square)", Math.sqrt(least / first.size())));
            return all;
        }, STARTS, most, NEAR);
        double[] best = fit.best().at();
        return new Found(level, Losses.at(best), residuals(level, summary(List.of(best)), best), missing, fit.tried());
    }

    private static String why(Summary summary, Residual r) {
        return summary.all().stream().filter(c -> c.key().system().equals(r.system))
                .map(c -> c.failure() != null ? c.failure() : c.missing().get(r.measure)).filter(Objects::nonNull).findFirst()
                .map(w -> ": " + w).orElse("");
    }

    /** What the systems make of photos with these losses. */
    private Summary summary(List<double[]> points) {
        List<StudyDegradation> losses = points.stream().map(p -> Losses.at(p).text()).distinct().map(t -> StudyDegradation.of(t).getFirst()).toList();
        StudyRun run = new StudyRun(sought.study().with(losses), folder, on, _ -> { });
        Summary summary = run.cells();
        closed.putAll(run.closed());
        return summary;
    }

    /** Of the values that can be had. */
    private List<Residual> residuals(LevelRows.Level level, Summary summary, double[] point) {
        StudyDegradation losses = StudyDegradation.of(Losses.at(point).text()).getFirst();
        List<Residual> all = new ArrayList<>();
        List<Entry> measures = sought.study().measures();
        for (StudySystem s : sought.study().systems()) {
            double[] row = level.rows().get(s.name());
            if (row == null || closed.containsKey(s.name())) continue;
            IntStream.range(0, row.length).filter(i -> measures.get(i).missing() == null).forEach(i -> all.add(new Residual(s.name(),
                    measures.get(i).measure().name(), row[i], summary.mean(s, losses, measures.get(i).measure()), sought.tolerances()[i])));
        }
        return all;
    }

    private String report(List<Found> all) {
        Document doc = new Document(sought.study().text().title());
        doc.paragraph(sought.study().text().note());
        int photos = sought.study().photos().files().size();
        doc.paragraph("Losses were looked for that give the published values, on " + photos + (photos == 1 ? " photo" : " photos")
                + " of this study. Only where the publication's own photos were taken do they say anything of its levels.");
        for (Found f : all) {
            doc.heading(f.level.name());
            doc.points(List.of("The level is " + f.verdict() + ".", "Found: " + f.losses + " (" + f.tried + " tried).",
                    "As a degradation: " + f.losses.text()));
            List<List<String>> rows = new ArrayList<>();
            for (Residual r : f.residuals) {
                rows.add(List.of(r.system, r.measure, number(r.published), number(r.found), number(r.found - r.published),
                        number(r.tolerance), r.isWithin() ? "yes" : "no"));
            }
            doc.table(List.of("system", "measure", "published", "found", "residual", "tolerance", "within"), rows);
            doc.points(f.missing.stream().map(m -> "missing: " + m).toList());
        }
        return doc.markdown();
    }

    private static String number(double v) { return String.format(Locale.ROOT, Math.abs(v) >= 10 ? "%.2f" : "%.4f", v); }
}
