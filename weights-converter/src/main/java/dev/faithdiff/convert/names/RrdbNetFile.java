package dev.faithdiff.convert.names;

import com.google.gson.JsonObject;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.NcnnGraph;
import dev.faithdiff.convert.file.NcnnGraph.Node.Kind;
import dev.faithdiff.convert.file.Views;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.networks.rrdb.RrdbConfig;
import dev.faithdiff.networks.rrdb.RrdbNet;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.io.Source;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Networks of the RRDBNet family, under the names of Real-ESRGAN. Sources: basicsr/archs/rrdbnet_arch.py (Real-ESRGAN), and
 * models/bsrnet_arch.py (BSRGAN) and architecture.py of ESRGAN's first release, which have other names for the same layers.
 */
final class RrdbNetFile implements GeneratorFile {
    private static final Map<String, String> BSRGAN = Map.of("RRDB_trunk.", "body.", "trunk_conv.", "conv_body.", "upconv1.", "conv_up1.",
            "upconv2.", "conv_up2.", "HRconv.", "conv_hr.");
    /** One list of modules. The second is the trunk, whose last module is its convolution. */
    private static final Pattern ESRGAN_MODULE = Pattern.compile("model\\.(\\d{1,2})\\.weight");
    /** Modules of an enlargement: nearest pixels, convolution, slope. Modules that the last convolution comes behind, without enlargements. */
    private static final int ENLARGEMENT = 3, BEFORE_LAST = 4;
    private static final Pattern ESRGAN_BLOCK = Pattern.compile("model\\.1\\.sub\\.(\\d+\\.)RDB(\\d\\.conv\\d\\.)0\\.");
    private static final Pattern ESRGAN_BODY = Pattern.compile("model\\.1\\.sub\\.\\d+\\.(?=weight|bias)");
    private static final List<String> FIRST = List.of("body.0.rdb1.conv1.weight", "RRDB_trunk.0.RDB1.conv1.weight",
            "model.1.sub.0.RDB1.conv1.0.weight");
    /** Dense blocks in a residual-in-residual block, convolutions in a dense block, and convolutions outside all blocks but for enlargements'. */
    private static final int DENSE = 3, GROWING = 5, OUTSIDE = 4;
    private static final int COLORS = 3;
    private static final float SLOPE = 0.2f, RESIDUAL = 0.2f;

    @Override public String name() { return "RRDBNet"; }

    @Override public String kind() { return RrdbNet.KIND; }

    @Override public boolean is(Map<String, Source> tensors) {
        return FIRST.stream().anyMatch(tensors::containsKey);
    }

    @Override public Map<String, Source> modern(Map<String, Source> tensors) {
        Map<String, String> starts = tensors.keySet().stream().anyMatch(k -> k.startsWith("model.")) ? esrgan(tensors) : BSRGAN;
        Map<String, Source> all = new LinkedHashMap<>();
        for (Source t : tensors.values()) {
            String name = modern(t.name(), starts);
            if (all.put(name, Views.renamed(t, name)) != null) throw new ConvertError("the RRDBNet has two tensors for " + ModelError.clean(name));
        }
        return all;
    }

    /** The modules of ESRGAN's list that are convolutions: as many enlargements as fit between the trunk and the last two. */
    private static Map<String, String> esrgan(Map<String, Source> tensors) {
        int last = tensors.keySet().stream().map(ESRGAN_MODULE::matcher).filter(Matcher::matches).mapToInt(m -> Integer.parseInt(m.group(1)))
                .max().orElse(0);
        Map<String, String> starts = new LinkedHashMap<>(Map.of("model.0.", "conv_first."));
        int enlargements = (last - BEFORE_LAST) / ENLARGEMENT;
        for (int i = 1; i <= enlargements; i++) starts.put("model." + ENLARGEMENT * i + ".", "conv_up" + i + ".");
        starts.put("model." + (ENLARGEMENT * enlargements + 2) + ".", "conv_hr.");
        starts.put("model." + (ENLARGEMENT * enlargements + BEFORE_LAST) + ".", "conv_last.");
        return starts;
    }

    private static String modern(String name, Map<String, String> starts) {
        for (var e : starts.entrySet()) if (name.startsWith(e.getKey())) return modernBlock(e.getValue() + name.substring(e.getKey().length()));
        return modernBlock(name);
    }

    private static String modernBlock(String name) {
        if (name.startsWith("body.")) return name.replaceFirst("\\.RDB(\\d)\\.", ".rdb$1.");
        String block = ESRGAN_BLOCK.matcher(name).replaceFirst("body.$1rdb$2");
        return ESRGAN_BODY.matcher(block).replaceFirst("conv_body.");
    }

    @Override public Map<String, Source> along(NcnnGraph graph) {
        NcnnGraph.Walk walk = graph.new Walk();
        int x = walk.input(), blocks = Math.max(0, graph.count(Kind.CONVOLUTION) - OUTSIDE) / (DENSE * GROWING);
        for (int r : new int[] {2, 4}) if (walk.has(Kind.UNSHUFFLE, r, x)) x = walk.find(Kind.UNSHUFFLE, r, x);
        int first = walk.convolution("conv_first", x), h = first;
        for (int i = 0; i < blocks; i++) {
            int before = h;
            for (int j = 1; j <= DENSE; j++) h = dense(walk, "body." + i + ".rdb" + j + ".conv", h);
            h = walk.find(Kind.ADD, 0, walk.find(Kind.SCALE, RESIDUAL, h), before);
        }
        h = walk.find(Kind.ADD, 0, first, walk.convolution("conv_body", h));
        for (int i = 1; walk.has(Kind.NEAREST, 2, h); i++) h = active(walk, "conv_up" + i, walk.find(Kind.NEAREST, 2, h));
        return walk.end(walk.convolution("conv_last", active(walk, "conv_hr", h)));
    }

    private static int dense(NcnnGraph.Walk walk, String at, int x) {
        int[] seen = {x};
        for (int k = 1; k < GROWING; k++) {
            int more = active(walk, at + k, all(walk, seen));
            seen = Arrays.copyOf(seen, k + 1);
            seen[k] = more;
        }
        return walk.find(Kind.ADD, 0, walk.find(Kind.SCALE, RESIDUAL, walk.convolution(at + GROWING, all(walk, seen))), x);
    }

    private static int all(NcnnGraph.Walk walk, int[] steps) { return steps.length == 1 ? steps[0] : walk.find(Kind.CONCAT, 0, steps); }

    private static int active(NcnnGraph.Walk walk, String name, int x) { return walk.find(Kind.LEAKY, SLOPE, walk.convolution(name, x)); }

    @Override public JsonObject sizes(NamedShapes shapes) {
        RrdbConfig c = RrdbConfig.of(shapes);
        JsonObject n = new JsonObject();
        n.addProperty("scale", c.scale());
        n.addProperty("features", c.features());
        n.addProperty("growth", c.growth());
        n.addProperty("blocks", c.blocks());
        n.addProperty("enlargements", c.enlargements());
        n.addProperty("in_channels", COLORS);
        n.addProperty("out_channels", COLORS);
        return n;
    }

    @Override public void build(Weights w, Config settings) { new RrdbNet(w, RrdbConfig.of(settings)); }
}
