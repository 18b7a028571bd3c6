package dev.faithdiff.report;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.faithdiff.image.Image;
import dev.faithdiff.quality.trust.Calibration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/** What a page says of its trust mask: for its script, and in sentences. */
public final class Trust {
    /** The error that a page begins with, if the calibration can promise it. */
    private static final double ALPHA = 0.1;
    /** What a calibration's photos may have otherwise. */
    private static final Set<String> FREE = Set.of("program", "seed", "recipe");

    private Trust() {}

    /** Bounds and shares for all scores, and the error to begin with. */
    public static JsonObject json(Calibration c) {
        JsonObject json = new JsonObject();
        JsonArray bounds = new JsonArray();
        IntStream.range(0, c.largest().size()).forEach(s -> bounds.add(c.bound(s)));
        json.add("bounds", bounds);
        json.addProperty("photos", c.photos());
        json.addProperty("side", c.side());
        json.addProperty("alpha", Math.max(ALPHA, Math.ceil(100 * c.bound(0)) / 100));
        return json;
    }

    /** Whether scores that were made with so many further seeds are those of the calibration. */
    public static boolean isFor(Calibration c, int seeds) { return c != null && (c.seeds() == 0 || c.seeds() == seeds); }

    /** In sentences. @param c null: none. @param settings of this result. @param seeds how many further seeds were tried */
    public static List<String> sentences(Calibration c, Map<String, Object> settings, int seeds, Image result) {
        List<String> all = new ArrayList<>();
        if (c == null) {
            all.add("This model has no calibration, so there is no trust mask. 'faithdiff calibrate PHOTOS' makes one.");
            return all;
        }
        if (!isFor(c, seeds)) {
            all.add("This model was calibrated with " + c.seeds() + " further seeds, so a trust mask needs --report-seeds " + c.seeds() + ".");
            return all;
        }
        String side = c.side() + "x" + c.side();
        all.add("The trust mask leaves free what may be trusted. Calibrated on " + c.photos() + " photos whose truth is known (results of " + side
                + ", recipe " + c.made().get("recipe") + "): for a further photo that is exchangeable with them, the expected largest error "
                + "inside the mask is at most the chosen one. An error is the mean absolute difference from the truth over 5x5 pixels and the "
                + "channels. The promise is for the mean over photos and for one error chosen beforehand; a single photo may have more.");
        String other = different(c.made(), settings);
        if (!other.isEmpty()) all.add("Beware: the promise does not hold here, since this result was made otherwise: " + other + ".");
        else if (Math.max(result.width(), result.height()) > c.side()) {
            all.add("This result is larger: the promise is for a part of " + side + " pixels of it, not for the largest error of the whole.");
        }
        return all;
    }

    private static String different(Map<String, Object> made, Map<String, Object> settings) {
        List<String> all = new ArrayList<>();
        made.forEach((name, value) -> {
            Object here = settings.get(name);
            if (!FREE.contains(name) && !String.valueOf(value).equals(String.valueOf(here))) {
                all.add(String.format(Locale.ROOT, "%s is %s, %s there", name, here == null ? "not set" : here, value));
            }
        });
        return String.join("; ", all);
    }
}
