package dev.faithdiff.quality.study;

import dev.faithdiff.image.file.OutputFile;
import dev.faithdiff.quality.Measure;
import dev.faithdiff.quality.Measures.Entry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Writes what a study found. All but times, memory and their plot follows from the study and its cells alone, whatever their order.
 *
 * @param closed systems that could not be opened, and why
 */
record StudyReport(Summary summary, Map<String, String> closed, Path folder) {
    static final String COSTS = "Parameters, time and memory";
    private static final String NONE = "";
    private static final int MOST_COLUMNS = 9;

    /** Writes all files and returns the one in Markdown. */
    Path write() {
        Study study = summary.study();
        Document doc = new Document(study.text().title());
        doc.paragraph(study.text().note());
        doc.paragraph(setting(study));
        for (StudyDegradation d : study.degradations()) quality(doc, d);
        if (study.baseline() != null) benefit(doc, study.systems().stream().filter(s -> s.name().equals(study.baseline())).findFirst().orElseThrow());
        seeds(doc);
        ContactSheet sheets = new ContactSheet(study, folder);
        if (study.effort().sheets() > 0) {
            doc.heading("Pictures");
            for (StudyDegradation d : study.degradations()) doc.image(sheets.write(d), d.name());
        }
        StudyPlots plots = new StudyPlots(summary, folder);
        List<StudyPlots.Plot> ofQuality = plots.ofQuality();
        if (!ofQuality.isEmpty()) doc.heading("Plots");
        ofQuality.forEach(p -> doc.image(p.file(), p.text()));
        doc.heading("What is missing");
        doc.points(missing());
        costs(doc);
        plots.ofCost(s -> parameters(s) / 1e6).forEach(p -> doc.image(p.file(), p.text()));
        OutputFile.write(folder.resolve("cells.csv"), csv());
        OutputFile.write(folder.resolve("times.csv"), timesCsv());
        OutputFile.write(folder.resolve("report.html"), doc.html());
        Path report = folder.resolve("report.md");
        OutputFile.write(report, doc.markdown());
        return report;
    }

    private static String setting(Study study) {
        StudyPhotos p = study.photos();
        String photos = p.files().size() + (p.files().size() == 1 ? " photo" : " photos")
                + (p.crop() > 0 ? ", crops of " + p.crop() + "x" + p.crop() + " from the middle" : "");
        String scale = !p.hasReferences() ? "restored as they are to " + p.scale() + " times their size"
                : p.scale() == 1 ? "at their size" : "made " + p.scale() + " times smaller and restored to their size";
        return photos + ", " + scale + ". Each table has the mean over the photos and its 95 % interval (bootstrap over photos). "
                + "**Best** and *second* are marked; p is that of a paired sign-flip test against the best, two-sided, not corrected for the "
                + "number of tests.";
    }

    private void quality(Document doc, StudyDegradation d) {
        doc.heading(summary.study().photos().hasReferences() ? "Degradation " + d.name() : "Photos as they are");
        if (d.origin() != null) doc.paragraph("The numbers of " + d.name() + " are " + d.origin() + ".");
        List<String> head = new ArrayList<>(List.of("system"));
        for (Measure m : summary.measures()) head.add(m.name() + List.of(" (lower)", NONE, " (higher)").get(m.better().sign() + 1));
        List<List<String>> rows = new ArrayList<>();
        for (StudySystem s : summary.study().systems()) {
            List<String> row = new ArrayList<>(List.of(s.name()));
            for (Measure m : summary.measures()) row.add(cell(s, d, m));
            rows.add(row);
        }
        if (isWide()) doc.turnedTable(head, rows);
        else doc.table(head, rows);
    }

    /** Whether measures have rows of their own, since there are too many for columns. */
    private boolean isWide() {
        int measures = summary.measures().size();
        return measures > MOST_COLUMNS && measures > summary.study().systems().size();
    }

    private String cell(StudySystem s, StudyDegradation d, Measure m) {
        Statistics.Interval i = Statistics.bootstrap(Summary.known(summary.values(s, d, m)));
        if (i.count() == 0) return NONE;
        int photos = summary.study().photos().files().size(), rank = summary.ranked(d, m).indexOf(s);
        String mean = number(i.mean()), mark = rank == 0 ? "**" : rank == 1 ? "*" : NONE;
        String text = mark + mean + mark + interval(i) + (i.count() < photos ? " of " + i.count() : NONE);
        if (rank < 1) return text;
        double p = Statistics.signFlip(Summary.differences(summary.values(s, d, m), summary.values(summary.ranked(d, m).getFirst(), d, m)));
        return text + (Double.isNaN(p) ? NONE : String.format(Locale.ROOT, ", p %.2g", p));
    }

    private static String interval(Statistics.Interval i) { return i.count() < 2 ? NONE : " [" + number(i.low()) + ", " + number(i.high()) + "]"; }

    private static String number(double v) { return String.format(Locale.ROOT, Math.abs(v) >= 10 ? "%.2f" : "%.4f", v); }

    /** What systems gain, positive if better, beside what the guard says of the photos. */
    private void benefit(Document doc, StudySystem base) {
        doc.heading("Benefit over " + base.name());
        doc.paragraph("Mean of the paired differences, positive where the system is better. Hardly damaged: the share of the bad photos that "
                + "the guard warns of.");
        List<Measure> directed = summary.measures().stream().filter(m -> m.better().sign() != 0).toList();
        List<StudySystem> others = summary.study().systems().stream().filter(s -> !s.equals(base)).toList();
        List<String> head = new ArrayList<>(List.of("degradation", "hardly damaged", isWide() ? "measure" : "system"));
        head.addAll(isWide() ? others.stream().map(StudySystem::name).toList() : directed.stream().map(Measure::name).toList());
        List<List<String>> rows = new ArrayList<>();
        for (StudyDegradation d : summary.study().degradations()) {
            double share = summary.mildShare(d);
            String mild = Double.isNaN(share) ? NONE : String.format(Locale.ROOT, "%.0f %%", 100 * share);
            if (isWide()) for (Measure m : directed) rows.add(row(List.of(d.name(), mild, m.name()), others, s -> gain(s, base, d, m)));
            else for (StudySystem s : others) rows.add(row(List.of(d.name(), mild, s.name()), directed, m -> gain(s, base, d, m)));
        }
        doc.table(head, rows);
    }

    private static <T> List<String> row(List<String> labels, List<T> columns, Function<T, String> cell) {
        return Stream.concat(labels.stream(), columns.stream().map(cell)).toList();
    }

    private String gain(StudySystem s, StudySystem base, StudyDegradation d, Measure m) {
        double[] gains = Summary.differences(summary.values(s, d, m), summary.values(base, d, m));
        if (m.better().sign() < 0) for (int i = 0; i < gains.length; i++) gains[i] = -gains[i];
        Statistics.Interval i = Statistics.bootstrap(gains);
        return i.count() == 0 ? NONE : number(i.mean()) + interval(i);
    }

    private void seeds(Document doc) {
        List<StudySystem> several = summary.study().systems().stream().filter(s -> s.seeds().size() > 1).toList();
        if (several.isEmpty()) return;
        doc.heading("Seeds");
        doc.paragraph("Standard deviation between the seeds of one photo, mean over the photos.");
        List<String> head = new ArrayList<>(List.of("degradation", "system", "seeds"));
        summary.measures().forEach(m -> head.add(m.name()));
        List<List<String>> rows = new ArrayList<>();
        for (StudyDegradation d : summary.study().degradations()) {
            for (StudySystem s : several) {
                List<String> row = new ArrayList<>(List.of(d.name(), s.name(), s.seeds().size() + NONE));
                for (Measure m : summary.measures()) {
                    double[] all = Summary.known(summary.deviations(s, d, m));
                    row.add(all.length == 0 ? NONE : number(Statistics.mean(all)));
                }
                rows.add(row);
            }
        }
        doc.table(head, rows);
    }

    private List<String> missing() {
        List<String> all = new ArrayList<>();
        for (Entry e : summary.study().measures()) if (e.missing() != null) all.add(e.measure().name() + ": " + e.missing());
        closed.forEach((system, why) -> all.add(system + " could not be opened: " + why));
        Map<String, Long> counts = new LinkedHashMap<>();
        for (Cell c : summary.all()) {
            if (c.failure() != null) all.add("no result of " + name(c.key()) + ": " + c.failure());
            c.missing().values().forEach(why -> counts.merge(why, 1L, Long::sum));
        }
        counts.forEach((why, count) -> all.add("in " + count + (count == 1 ? " cell: " : " cells: ") + why));
        long cells = summary.study().systems().stream().mapToLong(s -> s.seeds().size()).sum() * summary.study().degradations().size()
                * summary.study().photos().files().size(), left = cells - summary.all().size();
        if (left > 0) all.add(left + " of " + cells + " cells are not done");
        return all.isEmpty() ? List.of("Nothing.") : all;
    }

    private static String name(Cell.Key k) { return k.system() + ", " + k.degradation() + ", " + k.photo() + ", seed " + k.seed(); }

    private void costs(Document doc) {
        doc.heading(COSTS);
        doc.paragraph("Parameters are the numbers in the files of the networks at work. Time is the median for one photo; first is the first one "
                + "since the model was opened, which counts nowhere else. Memory is the peak of the whole process while the system was at "
                + "work.");
        List<List<String>> rows = new ArrayList<>();
        for (StudySystem s : summary.study().systems()) {
            double[] millis = summary.millis(s), first = summary.firstMillis(s);
            double parameters = parameters(s);
            rows.add(List.of(s.name(), Double.isNaN(parameters) ? "unknown" : String.format(Locale.ROOT, "%.2f M", parameters / 1e6), median(millis),
                    millis.length + NONE, median(first), summary.peakBytes(s) == 0 ? NONE : (summary.peakBytes(s) >> 20) + " MB"));
        }
        doc.table(List.of("system", "parameters", "time", "of", "first", "memory"), rows);
    }

    private static String median(double[] millis) {
        if (millis.length == 0) return NONE;
        return String.format(Locale.ROOT, "%.1f ms", Statistics.quantile(Arrays.stream(millis).sorted().toArray(), 0.5));
    }

    /** NaN if the files cannot be read. */
    private static double parameters(StudySystem s) {
        try {
            return s.parameters();
        } catch (RuntimeException e) {
            return Double.NaN;
        }
    }

    private String csv() {
        List<Measure> measures = summary.measures();
        StringBuilder text = new StringBuilder("system,degradation,photo,seed,hardly damaged");
        measures.forEach(m -> text.append(',').append(m.name()));
        text.append(",failure\n");
        for (Cell c : summary.all()) {
            text.append(quoted(c.key())).append(',').append(c.bad() == null ? NONE : c.bad().isMild());
            for (Measure m : measures) text.append(',').append(Objects.toString(c.values().get(m.name()), NONE));
            text.append(',').append(c.failure() == null ? NONE : quoted(c.failure())).append('\n');
        }
        return text.toString();
    }

    private String timesCsv() {
        StringBuilder text = new StringBuilder("system,degradation,photo,seed,first,peak bytes,milliseconds\n");
        for (Cell c : summary.all()) {
            if (c.cost() == null) continue;
            String millis = Arrays.stream(c.cost().millis()).mapToObj(Double::toString).collect(Collectors.joining(","));
            text.append(String.join(",", quoted(c.key()), c.cost().isFirst() + NONE, c.cost().peakBytes() + NONE, millis)).append('\n');
        }
        return text.toString();
    }

    private static String quoted(Cell.Key k) { return quoted(k.system()) + "," + quoted(k.degradation()) + "," + quoted(k.photo()) + "," + k.seed(); }

    private static String quoted(String text) { return "\"" + text.replace("\"", "\"\"") + "\""; }
}
