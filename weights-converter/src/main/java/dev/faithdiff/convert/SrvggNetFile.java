package dev.faithdiff.convert;

import static dev.faithdiff.convert.Settings.number;

import com.google.gson.JsonObject;
import dev.faithdiff.convert.NcnnGraph.Node.Kind;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.util.Map;

/** SRVGGNetCompact: convolutions with parametric ReLUs between them, and a pixel shuffle. Source: realesrgan/archs/srvgg_arch.py (Real-ESRGAN). */
final class SrvggNetFile implements GeneratorFile {
    private static final int MOST_SCALE = 4;

    @Override public String name() { return "SRVGGNetCompact"; }

    @Override public boolean is(Map<String, Source> tensors) {
        Source first = tensors.get("body.0.weight"), slopes = tensors.get("body.1.weight");
        return first != null && slopes != null && first.shape().rank() == 4 && slopes.shape().rank() == 1;
    }

    @Override public Map<String, Source> modern(Map<String, Source> tensors) { return tensors; }

    @Override public Map<String, Source> along(NcnnGraph graph) {
        NcnnGraph.Walk walk = graph.new Walk();
        int image = walk.input(), x = image, layers = graph.count(Kind.PRELU), scale = 1;
        for (int i = 0; i < layers; i++) x = walk.prelu("body." + (2 * i + 1), walk.convolution("body." + 2 * i, x));
        x = walk.convolution("body." + 2 * layers, x);
        while (scale < MOST_SCALE && !walk.has(Kind.NEAREST, scale, image)) scale++;
        if (!walk.has(Kind.NEAREST, scale, image)) scale = 1;
        return walk.end(walk.find(Kind.ADD, 0, walk.find(Kind.SHUFFLE, scale, x), walk.find(Kind.NEAREST, scale, image)));
    }

    /** The last convolution makes {@code scale * scale} pixels of each. */
    @Override public JsonObject numbers(Map<String, Source> tensors) {
        int last = 0;
        while (tensors.containsKey("body." + (last + 2) + ".weight")) last += 2;
        int inputs = size(tensors, "body.0.weight", 1), outputs = size(tensors, "body." + last + ".weight", 0), scale = 1;
        while (scale < MOST_SCALE && inputs * scale * scale < outputs) scale++;
        if (inputs * scale * scale != outputs || last == 0) {
            throw new ConvertError("an SRVGGNetCompact of " + inputs + " inputs and " + outputs + " outputs has none of the scales 1 to "
                    + MOST_SCALE);
        }
        JsonObject n = new JsonObject();
        n.addProperty("scale", scale);
        n.addProperty("features", size(tensors, "body.0.weight", 0));
        n.addProperty("convolutions", last / 2 - 1);
        n.addProperty("in_channels", inputs);
        n.addProperty("out_channels", inputs);
        return n;
    }

    @Override public Map<String, Shape> keys(JsonObject numbers) {
        KeyList keys = new KeyList();
        int colors = number(numbers, "in_channels"), features = number(numbers, "features"), scale = number(numbers, "scale");
        int layers = number(numbers, "convolutions") + 1;
        if (scale > MOST_SCALE) throw new ConvertError("an SRVGGNetCompact has none of the scales 1 to " + MOST_SCALE + " but " + scale);
        for (int i = 0; i < layers; i++) {
            keys.conv("body." + 2 * i, i == 0 ? colors : features, features, 3);
            keys.tensor("body." + (2 * i + 1) + ".weight", features);
        }
        keys.conv("body." + 2 * layers, features, number(numbers, "out_channels") * scale * scale, 3);
        return keys.shapes();
    }
}
