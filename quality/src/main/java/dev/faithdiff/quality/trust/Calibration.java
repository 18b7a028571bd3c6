package dev.faithdiff.quality.trust;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.faithdiff.image.file.OutputFile;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.model.ModelFolder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which scores of a result may be trusted, by photos whose truth is known (conformal risk control; Adame, Csillag and Goedert, NeurIPS 2025,
 * arXiv 2502.09664). For n photos the mask of {@code alpha} holds all pixels of score {@link #threshold} t and less, the largest t for which
 *
 * <pre>(sum over photos of the largest error among pixels of score t and less, + 1) / (n + 1) is at most alpha</pre>
 *
 * <p>where 1 is the largest error there can be. For a further photo that is exchangeable with these, the expected largest error inside its mask is
 * then at most alpha, for any n, any restorer and any score.
 *
 * @param made    how the photos were degraded and restored, by name
 * @param photos  n
 * @param side    of the square results in pixels
 * @param seeds   further seeds tried for each score, 0: none
 * @param largest mean largest error, for scores 0..255, rounded up
 * @param share   mean share of the pixels, for scores 0..255
 */
public record Calibration(Map<String, Object> made, int photos, int side, int seeds, List<Double> largest, List<Double> share) {
    private static final String FORMAT = "faithdiff-trust";
    private static final int VERSION = 1;
    private static final double DIGITS = 1e5;
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    /** Of some photos. */
    static Calibration of(List<TrustedPart> parts, Map<String, Object> made, int side, int seeds) {
        List<Double> largest = new ArrayList<>(), share = new ArrayList<>();
        for (int i = 0; i < TrustedPart.SCORES; i++) {
            int s = i;
            largest.add(Math.ceil(DIGITS * parts.stream().mapToDouble(p -> p.largest()[s]).sum() / parts.size()) / DIGITS);
            share.add(Math.rint(DIGITS * parts.stream().mapToDouble(p -> p.share()[s]).sum() / parts.size()) / DIGITS);
        }
        return new Calibration(Map.copyOf(made), parts.size(), side, seeds, largest, share);
    }

    /** The bound on the expected largest error among pixels of a score and less. */
    public double bound(int score) { return (photos * largest.get(score) + 1) / (photos + 1); }

    /** The largest score, 0..255, that may be trusted for an error; -1: none. */
    public int threshold(double alpha) {
        int t = -1;
        while (t + 1 < TrustedPart.SCORES && bound(t + 1) <= alpha) t++;
        return t;
    }

    /** Writes a file of JSON. @throws dev.faithdiff.image.ImageError if it cannot be written */
    public void write(Path file) {
        JsonObject json = new JsonObject();
        json.addProperty("format", FORMAT);
        json.addProperty("version", VERSION);
        json.add("made", GSON.toJsonTree(made));
        json.addProperty("photos", photos);
        json.addProperty("side", side);
        json.addProperty("seeds", seeds);
        json.add("largest", GSON.toJsonTree(largest));
        json.add("share", GSON.toJsonTree(share));
        OutputFile.write(file, GSON.toJson(json).replace(",\"", ",\n\"") + "\n");
    }

    /** A model folder's; null if it has none. @throws ModelError as {@link #read} */
    public static Calibration ofModel(Path folder) {
        Path file = folder.resolve(ModelFolder.CALIBRATION);
        return Files.exists(file) ? read(file) : null;
    }

    /** @throws ModelError if the file is no calibration of this format */
    public static Calibration read(Path file) {
        Config c = Config.read(file);
        if (!c.text("format", "").equals(FORMAT) || c.integer("version", 0) != VERSION) {
            throw new ModelError(file, "is no calibration of this program's version " + VERSION + "; 'faithdiff calibrate' makes one");
        }
        try {
            JsonObject json = c.json();
            Map<String, Object> made = new TreeMap<>();
            json.getAsJsonObject("made").asMap().forEach((name, value) -> made.put(name, plain(value)));
            int photos = c.integer("photos", 0), side = c.integer("side", 0), seeds = c.integer("seeds", 0);
            return new Calibration(made, photos, side, seeds, curve(json, "largest"), curve(json, "share"));
        } catch (ClassCastException | IllegalStateException | NullPointerException | NumberFormatException e) {
            throw new ModelError(file, "is damaged: " + e.getMessage(), e);
        }
    }

    private static Object plain(JsonElement value) {
        JsonPrimitive p = value.getAsJsonPrimitive();
        return p.isNumber() ? p.getAsNumber() : p.getAsString();
    }

    /** @throws IllegalStateException if it has other than 256 values, or these fall or leave 0..1 */
    private static List<Double> curve(JsonObject json, String name) {
        List<Double> curve = json.getAsJsonArray(name).asList().stream().map(JsonElement::getAsDouble).toList();
        boolean rises = curve.size() == TrustedPart.SCORES && curve.getFirst() >= 0 && curve.getLast() <= 1;
        for (int i = 1; rises && i < curve.size(); i++) rises = curve.get(i) >= curve.get(i - 1);
        if (!rises) throw new IllegalStateException("'" + name + "' must be " + TrustedPart.SCORES + " rising values from 0 to 1");
        return curve;
    }
}
