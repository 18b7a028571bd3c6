package dev.faithdiff.convert.names;

import com.google.gson.JsonObject;
import dev.faithdiff.convert.file.NcnnGraph;
import dev.faithdiff.convert.file.NcnnGraph.Node.Kind;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.srvgg.SrvggConfig;
import dev.faithdiff.networks.srvgg.SrvggNetCompact;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.io.Source;
import java.util.Map;

/** SRVGGNetCompact: convolutions with parametric ReLUs between them, and a pixel shuffle. Source: realesrgan/archs/srvgg_arch.py (Real-ESRGAN). */
final class SrvggNetFile implements GeneratorFile {
    private static final int MOST_SCALE = 8, COLORS = 3;

    @Override public String name() { return "SRVGGNetCompact"; }

    @Override public String kind() { return SrvggNetCompact.KIND; }

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

    @Override public JsonObject sizes(NamedShapes shapes) {
        SrvggConfig c = SrvggConfig.of(shapes);
        JsonObject n = new JsonObject();
        n.addProperty("scale", c.scale());
        n.addProperty("features", c.features());
        n.addProperty("convolutions", c.convolutions());
        n.addProperty("in_channels", COLORS);
        n.addProperty("out_channels", COLORS);
        return n;
    }

    @Override public void build(Weights w, Config settings) { new SrvggNetCompact(w, SrvggConfig.of(settings)); }
}
