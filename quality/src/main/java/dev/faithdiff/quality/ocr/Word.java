package dev.faithdiff.quality.ocr;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.faithdiff.quality.MeasureError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A word in an image.
 *
 * @param corners of its place: x and y of each corner, around it, in pixels
 */
public record Word(String text, double[] corners) {
    public static Word inBox(String text, double left, double top, double right, double bottom) {
        return new Word(text, new double[] {left, top, right, top, right, bottom, left, bottom});
    }

    /**
     * Reads words in reading order from JSON: a list, or an object whose {@code words} is one, of {@code {"text": ..., "box": [left, top, right,
     * bottom]}}, or with {@code "polygon": [[x, y], ...]} in place of the box.
     *
     * @throws MeasureError if the file is something else
     */
    public static List<Word> read(Path json) {
        try {
            JsonElement all = JsonParser.parseString(Files.readString(json));
            List<Word> words = new ArrayList<>();
            JsonArray list = all.isJsonObject() ? all.getAsJsonObject().getAsJsonArray("words") : all.getAsJsonArray();
            for (JsonElement e : list) words.add(of(e.getAsJsonObject()));
            return words;
        } catch (IOException e) {
            throw new MeasureError("cannot read the words in " + json, e);
        } catch (JsonParseException | IllegalStateException | IllegalArgumentException | ClassCastException | NullPointerException e) {
            throw new MeasureError(json + ": not a list of words with text and box or polygon", e);
        }
    }

    static Word of(JsonObject json) {
        JsonElement polygon = json.get("polygon");
        List<Double> numbers = new ArrayList<>();
        for (JsonElement e : polygon == null ? json.getAsJsonArray("box") : polygon.getAsJsonArray()) {
            for (JsonElement n : e.isJsonArray() ? e.getAsJsonArray() : single(e)) numbers.add(n.getAsDouble());
        }
        double[] all = numbers.stream().mapToDouble(d -> d).toArray();
        boolean fits = polygon == null ? all.length == 4 : all.length >= 6 && all.length % 2 == 0;
        if (!fits) throw new IllegalArgumentException("corners: " + Arrays.toString(all));
        String text = json.get("text").getAsString();
        return polygon == null ? inBox(text, all[0], all[1], all[2], all[3]) : new Word(text, all);
    }

    private static JsonArray single(JsonElement e) {
        JsonArray array = new JsonArray();
        array.add(e);
        return array;
    }

    /** What of the text counts: in one case and form, without what is neither letter nor number at its ends; may be empty. */
    String folded() {
        String form = Normalizer.normalize(text, Normalizer.Form.NFKC).toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
        int[] letters = Normalizer.normalize(form, Normalizer.Form.NFKC).codePoints().toArray();
        int from = 0, to = letters.length;
        while (from < to && !counts(letters[from])) from++;
        while (to > from && !counts(letters[to - 1])) to--;
        return new String(letters, from, to - from);
    }

    private static boolean counts(int letter) {
        int type = Character.getType(letter);
        boolean isNumber = type == Character.DECIMAL_DIGIT_NUMBER || type == Character.LETTER_NUMBER || type == Character.OTHER_NUMBER;
        return isNumber || Character.isLetter(letter);
    }
}
