package dev.faithdiff.quality.study;

import dev.faithdiff.quality.Measure;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** The cells of a study, seen by systems, degradations and measures. A photo counts once, with the mean of its seeds. */
record Summary(Study study, Map<Cell.Key, Cell> cells) {
    /** The measures that can be used here. */
    List<Measure> measures() { return study.measures().stream().filter(e -> e.missing() == null).map(e -> e.measure()).toList(); }

    /** One system's cells of one degradation and photo, of all seeds that are done. */
    private List<Cell> cells(StudySystem s, StudyDegradation d, String photo) {
        return s.seeds().stream().map(seed -> cells.get(new Cell.Key(s.name(), d.name(), photo, seed))).filter(Objects::nonNull).toList();
    }

    /** All cells that are done, in the study's order. */
    List<Cell> all() {
        List<Cell> all = new ArrayList<>();
        for (StudySystem s : study.systems()) all.addAll(of(s));
        return all;
    }

    /** A system's cells that are done. */
    List<Cell> of(StudySystem s) {
        List<Cell> all = new ArrayList<>();
        for (StudyDegradation d : study.degradations()) {
            for (String photo : study.photos().names()) all.addAll(cells(s, d, photo));
        }
        return all;
    }

    /** A value for each photo of the study; NaN where there is none. */
    double[] values(StudySystem s, StudyDegradation d, Measure m) { return perPhoto(s, d, m, Statistics::mean); }

    /** The standard deviation between the seeds of a photo; NaN where there are not two. */
    double[] deviations(StudySystem s, StudyDegradation d, Measure m) { return perPhoto(s, d, m, Statistics::deviation); }

    private double[] perPhoto(StudySystem s, StudyDegradation d, Measure m, Function<double[], Double> of) {
        return study.photos().names().stream().mapToDouble(photo -> of.apply(cells(s, d, photo).stream().map(c -> c.values().get(m.name()))
                .filter(Objects::nonNull).mapToDouble(v -> v).toArray())).toArray();
    }

    /** The differences of two lists of values where both have one. */
    static double[] differences(double[] a, double[] b) { return known(IntStream.range(0, a.length).mapToDouble(i -> a[i] - b[i]).toArray()); }

    static double[] known(double[] v) { return Arrays.stream(v).filter(x -> !Double.isNaN(x)).toArray(); }

    /** The mean over the photos; NaN if there are none. */
    double mean(StudySystem s, StudyDegradation d, Measure m) { return Statistics.mean(known(values(s, d, m))); }

    /** The systems from the best to the worst, those without values left out; empty for a measure without a direction. */
    List<StudySystem> ranked(StudyDegradation d, Measure m) {
        int sign = m.better().sign();
        return study.systems().stream().filter(s -> sign != 0 && !Double.isNaN(mean(s, d, m)) && s.kind() != StudySystem.Kind.ORIGINAL)
                .sorted((a, b) -> Double.compare(sign * mean(b, d, m), sign * mean(a, d, m))).toList();
    }

    /** The share of a degradation's photos that the guard takes for hardly damaged; NaN if none is known. */
    double mildShare(StudyDegradation d) {
        DoubleStream.Builder all = DoubleStream.builder();
        for (String photo : study.photos().names()) {
            study.systems().stream().flatMap(s -> cells(s, d, photo).stream()).filter(c -> c.bad() != null).findFirst()
                    .ifPresent(c -> all.add(c.bad().isMild() ? 1 : 0));
        }
        return Statistics.mean(all.build().toArray());
    }

    /** Milliseconds of a system's results, without those that came first after opening. */
    double[] millis(StudySystem s) {
        return of(s).stream().filter(c -> c.cost() != null)
                .flatMapToDouble(c -> Arrays.stream(c.cost().millis()).skip(c.cost().isFirst() ? 1 : 0)).toArray();
    }

    /** Milliseconds of the results that came first after opening. */
    double[] firstMillis(StudySystem s) {
        return of(s).stream().filter(c -> c.cost() != null && c.cost().isFirst()).mapToDouble(c -> c.cost().millis()[0]).toArray();
    }

    /** The largest peak of memory in bytes; 0 if none is known. */
    long peakBytes(StudySystem s) { return of(s).stream().filter(c -> c.cost() != null).mapToLong(c -> c.cost().peakBytes()).max().orElse(0); }
}
