package dev.faithdiff.quality.study;

import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.OutputFile;
import dev.faithdiff.quality.Measure;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendPosition;

/** The plots of a study as PNG files. */
record StudyPlots(Summary summary, Path folder) {
    private static final int WIDTH = 760, HEIGHT = 460;

    private record Point(double x, double y) {
        boolean isKnown() { return Double.isFinite(x) && Double.isFinite(y); }
    }

    /** A picture and what it shows. */
    record Plot(Path file, String text) {}

    /** Perception against distortion, and each measure against what varies. */
    List<Plot> ofQuality() {
        List<Plot> all = new ArrayList<>();
        Optional<Measure> distortion = first(true), perception = first(false);
        if (distortion.isPresent() && perception.isPresent()) {
            Map<String, List<Point>> lines = new LinkedHashMap<>();
            for (StudySystem s : summary.study().systems()) {
                for (StudyDegradation d : summary.study().degradations()) {
                    add(lines, s.name(), new Point(summary.mean(s, d, distortion.get()), summary.mean(s, d, perception.get())));
                }
            }
            plot(all, "perception-distortion", lines, distortion.get().name(), perception.get().name(), false);
        }
        for (Measure m : summary.measures()) {
            overDegradations(m, all);
            overOptions(m, all);
        }
        return all;
    }

    private void overDegradations(Measure m, List<Plot> all) {
        for (String axis : summary.study().degradations().stream().map(StudyDegradation::axis).filter(a -> a != null).distinct().toList()) {
            Map<String, List<Point>> lines = new LinkedHashMap<>();
            for (StudySystem s : summary.study().systems()) {
                for (StudyDegradation d : summary.study().degradations()) {
                    if (axis.equals(d.axis())) add(lines, s.name(), new Point(d.value(), summary.mean(s, d, m)));
                }
            }
            plot(all, "over-" + axis + "-" + m.name(), lines, axis, m.name(), true);
        }
    }

    private void overOptions(Measure m, List<Plot> all) {
        for (String axis : summary.study().systems().stream().map(StudySystem::axis).filter(a -> a != null).distinct().toList()) {
            Map<String, List<Point>> lines = new LinkedHashMap<>();
            for (StudySystem s : summary.study().systems()) {
                if (!axis.equals(s.axis())) continue;
                String name = s.name().substring(0, s.name().lastIndexOf(" " + axis + "="));
                for (StudyDegradation d : summary.study().degradations()) {
                    add(lines, name + ", " + d.name(), new Point(s.value(), summary.mean(s, d, m)));
                }
            }
            plot(all, "over-" + axis + "-" + m.name(), lines, axis, m.name(), true);
        }
    }

    /** The first measure against parameters and time, of the first degradation. @param parameters of a system, in millions */
    List<Plot> ofCost(ToDoubleFunction<StudySystem> parameters) {
        List<Plot> all = new ArrayList<>();
        Optional<Measure> measure = first(true).or(() -> first(false));
        if (measure.isEmpty()) return all;
        StudyDegradation d = summary.study().degradations().getFirst();
        Map<String, List<Point>> sizes = new LinkedHashMap<>(), times = new LinkedHashMap<>();
        for (StudySystem s : summary.study().systems()) {
            if (!s.kind().needsModel()) continue;
            double y = summary.mean(s, d, measure.get());
            add(sizes, s.name(), new Point(parameters.applyAsDouble(s), y));
            add(times, s.name(), new Point(Statistics.mean(summary.millis(s)), y));
        }
        plot(all, "quality-parameters", sizes, "parameters, millions", measure.get().name(), false);
        plot(all, "quality-time", times, "milliseconds", measure.get().name(), false);
        return all;
    }

    /** The first measure that has a direction, with or without a reference. */
    private Optional<Measure> first(boolean needsReference) {
        return summary.measures().stream().filter(m -> m.better().sign() != 0 && m.needsReference() == needsReference).findFirst();
    }

    private static void add(Map<String, List<Point>> lines, String name, Point p) {
        if (p.isKnown()) lines.computeIfAbsent(name, n -> new ArrayList<>()).add(p);
    }

    /** Writes a chart that has any points. */
    private void plot(List<Plot> all, String name, Map<String, List<Point>> lines, String x, String y, boolean isLine) {
        if (lines.isEmpty()) return;
        XYChart chart = new XYChartBuilder().width(WIDTH).height(HEIGHT).title(y + " against " + x).xAxisTitle(x).yAxisTitle(y).build();
        chart.getStyler().setLegendPosition(LegendPosition.OutsideE).setMarkerSize(7);
        chart.getStyler().setDefaultSeriesRenderStyle(isLine ? XYSeries.XYSeriesRenderStyle.Line : XYSeries.XYSeriesRenderStyle.Scatter);
        lines.forEach((line, points) -> {
            List<Point> sorted = points.stream().sorted(Comparator.comparingDouble(Point::x)).toList();
            chart.addSeries(line, sorted.stream().map(Point::x).toList(), sorted.stream().map(Point::y).toList());
        });
        all.add(new Plot(write(chart, folder.resolve(name + ".png")), y + " against " + x));
    }

    private static Path write(XYChart chart, Path file) {
        try (ByteArrayOutputStream png = new ByteArrayOutputStream()) {
            ImageIO.write(BitmapEncoder.getBufferedImage(chart), "png", png);
            OutputFile.write(file, png.toByteArray());
            return file;
        } catch (IOException e) {
            throw new ImageError("cannot write " + file + ": " + ImageFiles.reason(e), e);
        }
    }
}
