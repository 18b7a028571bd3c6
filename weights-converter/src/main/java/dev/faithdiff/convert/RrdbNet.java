package dev.faithdiff.convert;

import static dev.faithdiff.convert.Settings.number;

import com.google.gson.JsonObject;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Networks of the RRDBNet family, under the names of Real-ESRGAN. Sources: basicsr/archs/rrdbnet_arch.py (Real-ESRGAN) and
 * models/bsrnet_arch.py (BSRGAN), which names the same layers otherwise.
 */
final class RrdbNet implements Generator {
    private static final Map<String, String> BSRGAN = Map.of("RRDB_trunk.", "body.", "trunk_conv.", "conv_body.", "upconv1.", "conv_up1.",
            "upconv2.", "conv_up2.", "HRconv.", "conv_hr.");

    @Override public String name() { return "RRDBNet"; }

    @Override public boolean is(Map<String, Source> tensors) {
        return tensors.containsKey("conv_first.weight")
                && (tensors.containsKey("body.0.rdb1.conv1.weight") || tensors.containsKey("RRDB_trunk.0.RDB1.conv1.weight"));
    }

    @Override public Map<String, Source> modern(Map<String, Source> tensors) {
        Map<String, Source> all = new LinkedHashMap<>();
        for (Source t : tensors.values()) {
            String name = t.name();
            for (var e : BSRGAN.entrySet()) if (name.startsWith(e.getKey())) name = e.getValue() + name.substring(e.getKey().length());
            if (name.startsWith("body.")) name = name.replaceFirst("\\.RDB(\\d)\\.", ".rdb$1.");
            all.put(name, Views.renamed(t, name));
        }
        return all;
    }

    /** Scales 2 and 1 begin with a pixel-unshuffle by 2 and 4, which multiplies the inputs. */
    @Override public JsonObject numbers(Map<String, Source> tensors) {
        int inputs = size(tensors, "conv_first.weight", 1), outputs = size(tensors, "conv_last.weight", 0), blocks = 0;
        while (tensors.containsKey("body." + blocks + ".rdb1.conv1.weight")) blocks++;
        int scale = inputs == outputs ? 4 : inputs == 4 * outputs ? 2 : inputs == 16 * outputs ? 1 : 0;
        if (scale == 0) throw new ConvertError("an RRDBNet of " + inputs + " inputs and " + outputs + " outputs has none of the scales 4, 2 and 1");
        JsonObject n = new JsonObject();
        n.addProperty("scale", scale);
        n.addProperty("features", size(tensors, "conv_first.weight", 0));
        n.addProperty("growth", size(tensors, "body.0.rdb1.conv1.weight", 0));
        n.addProperty("blocks", blocks);
        n.addProperty("in_channels", outputs);
        n.addProperty("out_channels", outputs);
        return n;
    }

    @Override public Map<String, Shape> keys(JsonObject numbers) {
        KeyList keys = new KeyList();
        int features = number(numbers, "features"), growth = number(numbers, "growth"), shuffled = 4 / Math.max(1, number(numbers, "scale"));
        keys.conv("conv_first", number(numbers, "in_channels") * shuffled * shuffled, features, 3);
        for (int i = 0; i < number(numbers, "blocks"); i++) {
            for (int j = 1; j <= 3; j++) {
                String at = "body." + i + ".rdb" + j + ".conv";
                for (int k = 1; k <= 5; k++) keys.conv(at + k, features + (k - 1) * growth, k < 5 ? growth : features, 3);
            }
        }
        for (String layer : List.of("conv_body", "conv_up1", "conv_up2", "conv_hr")) keys.conv(layer, features, features, 3);
        keys.conv("conv_last", features, number(numbers, "out_channels"), 3);
        return keys.shapes();
    }
}
