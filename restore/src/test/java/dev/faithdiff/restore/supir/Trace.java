package dev.faithdiff.restore.supir;

import static dev.faithdiff.Fixtures.tensor;

import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.networks.unet.FirstHalf;
import dev.faithdiff.networks.unet.Site;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The stored stages of the published implementation, and where the traced network's tensors are in this one. */
final class Trace {
    private static final JsonObject FILES = Fixtures.json("supir/stages.json").getAsJsonObject("files");
    static final String TRACE = "network_trace";
    private static final UNetConfig SIZES = TinySupir.unet();

    private Trace() {}

    static JsonObject facts(String file) { return FILES.getAsJsonObject(file + ".safetensors"); }

    static double atol(String file, String name) {
        return facts(file).getAsJsonObject("errors").getAsJsonObject(name).get("suggested_atol").getAsDouble();
    }

    static Fixtures stored(String file) { return Fixtures.open("supir/stages/" + file + ".safetensors"); }

    static void check(String file, String name, Tensor actual) {
        Fixtures f = stored(file);
        int channels = f.shape(name).rank() == 4 ? f.shape(name).size(1) : 0;
        Tensor own = channels > 0 && channels < actual.size(3) ? actual.slice(3, 0, channels) : actual; // some keep their first channels
        Fixtures.assertClose(file + " " + name, own, f, name, atol(file, name));
    }

    /** The site of each connector, in the order in which they run, by the published number. */
    static Map<Integer, Site> sites() {
        Map<Integer, Site> all = new LinkedHashMap<>();
        int last = SIZES.channels().length - 1, number = SIZES.skipWidths().size() + last;
        all.put(number--, new Site.Middle());
        for (int i = last; i >= 0; i--) {
            for (int j = 0; j <= SIZES.layers(); j++) all.put(number--, new Site.Joined(i, j));
            if (i > 0) all.put(number--, new Site.Layer(Site.Part.UP, i, SIZES.layers()));
        }
        return all;
    }

    /** What the published trace calls the result of a layer of the up path, and behind it that of the doubling. */
    static String output(int level, int layer) {
        int block = (SIZES.channels().length - 1 - level) * (SIZES.layers() + 1) + layer;
        return "unet.output_blocks." + block + (level > 0 && layer == SIZES.layers() ? ".1" : "");
    }

    /** What is at a site before its connector, of the stored trace. */
    static Tensor before(Site site) {
        Fixtures f = stored(TRACE);
        return switch (site) {
            case Site.Middle _ -> tensor(f, "unet.middle_block");
            case Site.Layer l -> tensor(f, output(l.level(), l.layer()));
            case Site.Joined j -> {
                int last = SIZES.channels().length - 1, skip = SIZES.skipWidths().size() - 1 - (last - j.level()) * (SIZES.layers() + 1) - j.layer();
                String h = j.layer() > 0 ? output(j.level(), j.layer() - 1) : j.level() == last ? "unet.project_modules."
                        + (SIZES.skipWidths().size() + last)
                        : output(j.level() + 1, SIZES.layers()).replaceFirst("1$", "2");
                yield tensor(f, h).concat(3, tensor(f, "unet.input_blocks." + skip));
            }
            default -> throw new AssertionError(site);
        };
    }

    static FirstHalf.Features features(Tensor... in) {
        List<Tensor> all = List.of(in);
        return new FirstHalf.Features(all.subList(0, all.size() - 1), all.getLast());
    }

    static Tensor[] control() {
        Fixtures f = stored(TRACE);
        return Stream.iterate(0, i -> f.has("control." + i), i -> i + 1).map(i -> tensor(f, "control." + i)).toArray(Tensor[]::new);
    }
}
