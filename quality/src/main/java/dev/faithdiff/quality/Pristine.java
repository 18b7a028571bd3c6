package dev.faithdiff.quality;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.faithdiff.image.Image;
import dev.faithdiff.tensor.host.IoReason;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * What NIQE takes natural photos to be: mean and covariance of their features.
 *
 * @param mean       {@code [36]}
 * @param covariance {@code [36][36]}
 * @param fitted     where they come from if this project fitted them; null: published ones
 */
public record Pristine(double[] mean, double[][] covariance, String fitted) {
    private static final int MOST_BYTES = 1 << 20;
    /** Blocks of a photo count that are as sharp as this share of its sharpest one. */
    private static final double SHARP = 0.75;

    /** The published parameters (the file NOTICE says whose). */
    public static Pristine published() {
        try (InputStream in = Pristine.class.getResourceAsStream("niqe-pristine.npz")) {
            return of(NpzFile.read(in.readAllBytes()), null);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Reads parameters: the original release's MATLAB file, BasicSR's .npz, or JSON as {@link #toJson()}.
     *
     * @throws MeasureError if the file is none of these
     */
    public static Pristine read(Path file) {
        try {
            if (Files.size(file) > MOST_BYTES) throw new MeasureError(file + ": not parameters of NIQE: larger than 1 MB");
            byte[] bytes = Files.readAllBytes(file);
            if (NpzFile.is(bytes)) return of(NpzFile.read(bytes), null);
            if (MatFile.is(bytes)) return of(MatFile.read(bytes), null);
            JsonObject json = JsonParser.parseString(new String(bytes, StandardCharsets.UTF_8)).getAsJsonObject();
            JsonElement fitted = json.get("fitted");
            return of(Map.of("mu", numbers(json.get("mu")), "cov", numbers(json.get("cov"))), fitted == null ? null : fitted.getAsString());
        } catch (NoSuchFileException e) {
            throw new MeasureError(file + " does not exist", e);
        } catch (IOException e) {
            throw new MeasureError("cannot read " + file + ": " + IoReason.of(e), e);
        } catch (JsonParseException | IllegalStateException | IllegalArgumentException | ClassCastException e) {
            throw new MeasureError(file + ": not parameters of NIQE: neither MATLAB 5, .npz nor JSON with mu and cov", e);
        }
    }

    /** Parameters of one's own photos: those of their sharp blocks, as the original was fitted. */
    public static final class Fit {
        private final List<double[]> blocks = new ArrayList<>();
        private int photos;

        /** One more natural photo of high quality. */
        public void add(Image photo) {
            NaturalScene scene = NaturalScene.of(Channels.Y.levels(photo)[0], photo.width(), photo.height(), false);
            double sharpest = Arrays.stream(scene.sharpness()).max().orElse(0);
            for (int b = 0; b < scene.sharpness().length; b++) {
                if (scene.sharpness()[b] > SHARP * sharpest && isComplete(scene.features()[b])) blocks.add(scene.features()[b]);
            }
            photos++;
        }

        /** @throws MeasureError if the photos have too few blocks */
        public Pristine parameters() {
            if (blocks.size() <= NaturalScene.FEATURES) {
                throw new MeasureError("parameters of NIQE take more than " + NaturalScene.FEATURES
                        + " sharp blocks of 96x96 pixels, these photos have " + blocks.size());
            }
            double[][] all = blocks.toArray(double[][]::new);
            return new Pristine(mean(all), covariance(all), blocks.size() + " sharp blocks of " + photos + " photos");
        }
    }

    /** As {@link #read} takes it. */
    public String toJson() {
        JsonObject json = new JsonObject();
        if (fitted != null) json.addProperty("fitted", fitted);
        json.add("mu", array(mean));
        JsonArray rows = new JsonArray();
        for (double[] row : covariance) rows.add(array(row));
        json.add("cov", rows);
        return new GsonBuilder().create().toJson(json);
    }

    /** The distance of features from these. @param blocks {@code [n][36]} */
    double distance(double[][] blocks) {
        double[][] complete = Arrays.stream(blocks).filter(Pristine::isComplete).toArray(double[][]::new);
        double[][] middle = covariance(complete);
        double[] away = mean(blocks);
        for (int i = 0; i < away.length; i++) {
            away[i] = mean[i] - away[i];
            for (int j = 0; j < away.length; j++) middle[i][j] = (middle[i][j] + covariance[i][j]) / 2;
        }
        OrthogonalRows.of(middle);
        double largest = 0, sum = 0;
        for (double[] row : middle) largest = Math.max(largest, OrthogonalRows.length(row));
        for (double[] row : middle) {
            double eigenvalue = OrthogonalRows.length(row), along = OrthogonalRows.dot(row, away) / eigenvalue;
            if (eigenvalue > 1e-15 * largest) sum += along * along / eigenvalue;
        }
        return Math.sqrt(sum);
    }

    static boolean isComplete(double[] features) {
        for (double f : features) if (Double.isNaN(f)) return false;
        return true;
    }

    /** Of each feature, NaN left out. */
    private static double[] mean(double[][] blocks) {
        double[] mean = new double[NaturalScene.FEATURES];
        for (int f = 0; f < mean.length; f++) {
            int n = 0;
            for (double[] block : blocks) {
                if (Double.isNaN(block[f])) continue;
                mean[f] += block[f];
                n++;
            }
            mean[f] /= n;
        }
        return mean;
    }

    private static double[][] covariance(double[][] blocks) {
        double[] mean = mean(blocks);
        double[][] covariance = new double[mean.length][mean.length];
        for (double[] block : blocks) {
            for (int i = 0; i < mean.length; i++) {
                for (int j = 0; j < mean.length; j++) covariance[i][j] += (block[i] - mean[i]) * (block[j] - mean[j]) / (blocks.length - 1);
            }
        }
        return covariance;
    }

    /** @param arrays the mean is the one whose name begins with mu, the covariance that with cov */
    private static Pristine of(Map<String, double[]> arrays, String fitted) {
        double[] mean = null, covariance = null;
        for (Map.Entry<String, double[]> e : arrays.entrySet()) {
            if (e.getKey().startsWith("mu")) mean = e.getValue();
            if (e.getKey().startsWith("cov")) covariance = e.getValue();
        }
        int n = NaturalScene.FEATURES;
        if (mean == null || covariance == null || mean.length != n || covariance.length != n * n) {
            throw new IllegalArgumentException("no mu of 36 and cov of 36x36 numbers");
        }
        double[][] rows = new double[n][];
        for (int i = 0; i < n; i++) rows[i] = Arrays.copyOfRange(covariance, i * n, (i + 1) * n);
        return new Pristine(mean, rows, fitted);
    }

    private static double[] numbers(JsonElement json) {
        if (json == null) throw new IllegalArgumentException("no numbers");
        List<Double> all = new ArrayList<>();
        for (JsonElement e : json.getAsJsonArray()) {
            if (e.isJsonArray()) for (JsonElement inner : e.getAsJsonArray()) all.add(inner.getAsDouble());
            else all.add(e.getAsDouble());
        }
        return all.stream().mapToDouble(d -> d).toArray();
    }

    private static JsonArray array(double[] numbers) {
        JsonArray array = new JsonArray();
        for (double n : numbers) array.add(n);
        return array;
    }
}
