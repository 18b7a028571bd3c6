package dev.faithdiff.train;

import dev.faithdiff.image.file.OutputFile;
import dev.faithdiff.tensor.host.IoReason;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** A run's curves as PNG files: the loss of each stage, and the quality of held-out photos. */
final class Plots {
    private static final int WIDTH = 900, HEIGHT = 500, POINTS = 300;

    private Plots() {}

    /** The loss over the steps, each point the mean of its neighbours, on a logarithmic axis. */
    static void loss(List<StepRecord> steps, Path file) {
        XYChart chart = chart("Loss", "loss");
        chart.getStyler().setYAxisLogarithmic(steps.stream().allMatch(s -> s.loss() > 0));
        Map<String, List<StepRecord>> stages = new LinkedHashMap<>();
        for (StepRecord s : steps) stages.computeIfAbsent(s.stage() + 1 + " " + s.objective(), k -> new ArrayList<>()).add(s);
        stages.forEach((name, of) -> {
            int points = Math.min(POINTS, of.size());
            List<Double> x = new ArrayList<>(), y = new ArrayList<>();
            for (int i = 0; i < points; i++) {
                List<StepRecord> part = of.subList(i * of.size() / points, (i + 1) * of.size() / points);
                x.add((double) part.getLast().total());
                y.add(part.stream().mapToDouble(StepRecord::loss).average().orElseThrow());
            }
            chart.addSeries(name, x, y).setMarker(SeriesMarkers.NONE);
        });
        write(List.of(chart), file);
    }

    /** PSNR and SSIM over the steps. */
    static void quality(List<QualityRecord> all, Path file) {
        List<XYChart> charts = List.of(chart("PSNR of held-out photos (RGB)", "dB"), chart("SSIM of held-out photos (luma)", "SSIM"));
        List<ToDoubleFunction<QualityRecord.Near>> values = List.of(QualityRecord.Near::psnr, QualityRecord.Near::ssim);
        Map<String, Function<QualityRecord, QualityRecord.Near>> lines = new LinkedHashMap<>();
        lines.put("bicubic", QualityRecord::bicubic);
        lines.put("autoencoder", QualityRecord::vae);
        lines.put("restored", QualityRecord::restored);
        for (int i = 0; i < charts.size(); i++) {
            XYChart chart = charts.get(i);
            ToDoubleFunction<QualityRecord.Near> value = values.get(i);
            lines.forEach((name, line) -> {
                List<QualityRecord> known = all.stream().filter(q -> line.apply(q) != null).toList();
                if (known.isEmpty()) return;
                chart.addSeries(name, known.stream().map(q -> (double) q.total()).toList(),
                        known.stream().map(q -> value.applyAsDouble(line.apply(q))).toList()).setMarker(SeriesMarkers.CIRCLE);
            });
        }
        write(charts, file);
    }

    private static XYChart chart(String title, String y) {
        XYChart chart = new XYChartBuilder().width(WIDTH).height(HEIGHT).title(title).xAxisTitle("step").yAxisTitle(y).build();
        chart.getStyler().setLegendPosition(LegendPosition.InsideNE).setMarkerSize(5);
        return chart;
    }

    private static void write(List<XYChart> charts, Path file) {
        BufferedImage all = new BufferedImage(WIDTH, HEIGHT * charts.size(), BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < charts.size(); i++) {
            all.createGraphics().drawImage(BitmapEncoder.getBufferedImage(charts.get(i)), 0, i * HEIGHT, null);
        }
        try (ByteArrayOutputStream png = new ByteArrayOutputStream()) {
            ImageIO.write(all, "png", png);
            OutputFile.write(file, png.toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(new IOException("cannot write " + file + ": " + IoReason.of(e), e));
        }
    }
}
