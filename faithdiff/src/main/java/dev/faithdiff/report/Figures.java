package dev.faithdiff.report;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.quality.ColourDifference;
import dev.faithdiff.quality.Consistency;
import dev.faithdiff.quality.MeasureError;
import dev.faithdiff.quality.Seams;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.DoubleSupplier;

/** Numbers about a result that need no truth. One that cannot be had, of a result smaller than its photo for example, is missing. */
public final class Figures {
    private Figures() {}

    /** By name. @param enlarged the photo at the result's size */
    public static Map<String, Double> of(Image photo, Image enlarged, Image result) {
        Map<String, Double> all = new LinkedHashMap<>();
        boolean isLarger = result.width() >= photo.width() && result.height() >= photo.height();
        Image in = photo.to8Bits(), shrunk = isLarger ? Resize.resize(result.to8Bits(), in.width(), in.height(), Filter.BICUBIC) : null;
        put(all, "consistency", () -> new Consistency().of(result, in));
        if (isLarger) {
            put(all, "deltaE", () -> new ColourDifference(ColourDifference.Figure.MEAN).of(shrunk, in));
            put(all, "deltaE95", () -> new ColourDifference(ColourDifference.Figure.P95).of(shrunk, in));
        }
        put(all, "seams", () -> new Seams().of(result, enlarged));
        return all;
    }

    private static void put(Map<String, Double> all, String name, DoubleSupplier value) {
        try {
            double v = value.getAsDouble();
            if (Double.isFinite(v)) all.put(name, v);
        } catch (MeasureError e) {
            // this result is too small for it
        }
    }
}
