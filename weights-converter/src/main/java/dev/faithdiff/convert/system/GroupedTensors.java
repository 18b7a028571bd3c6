package dev.faithdiff.convert.system;

import com.google.gson.JsonObject;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.llama.Llama;
import dev.faithdiff.networks.t5.T5Encoder;
import dev.faithdiff.nn.Groups;
import dev.faithdiff.nn.Quantized;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.io.Source;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The layers of a language model in {@link Groups} of 8 or 4 bits. The last one, which scores tokens, always has 8 bits; the table of tokens and
 * rows that are no whole groups stay as they are. The part's configuration says the bits.
 */
final class GroupedTensors {
    private static final String BITS = "weight_bits";

    /** Tables whose rows are looked up. */
    private static final Set<String> TABLES = Set.of(Llama.TOKENS, T5Encoder.TOKENS, T5Encoder.DISTANCES);

    private GroupedTensors() { }

    /** The bits that a configuration says; 0 for none. */
    static int bits(Config c) {
        int bits = c.integer(BITS, 0);
        if (bits != 0 && bits != 4 && bits != 8) throw c.wrong(BITS, "4 or 8");
        return bits;
    }

    /** A configuration that says the bits. */
    static Config said(Config c, int bits) {
        JsonObject json = c.json();
        if (bits > 0) json.addProperty(BITS, bits);
        return Config.of(Path.of(c.toString()), json.toString());
    }

    private static boolean takes(String key, Shape s) {
        return s.rank() == 2 && key.endsWith(".weight") && !TABLES.contains(key) && Groups.fit(s.size(1));
    }

    private static int bits(String key, int bits) { return key.equals(Llama.HEAD) ? 8 : bits; }

    /** The tensors of a file whose layers are in groups. @param bits 0: none is */
    static Map<String, Shape> shapes(Map<String, Shape> plain, int bits) {
        Map<String, Shape> all = new LinkedHashMap<>();
        plain.forEach((key, s) -> {
            boolean grouped = bits > 0 && takes(key, s);
            all.put(key, grouped ? Groups.numbers(s, bits(key, bits)) : s);
            if (grouped) all.put(key + Groups.SCALES, Groups.scales(s));
        });
        return all;
    }

    /** The same tensors with layers in groups, each rounded when it is written. */
    static Map<String, Source> of(Map<String, Source> plain, int bits) {
        Map<String, Source> all = new LinkedHashMap<>();
        plain.forEach((key, t) -> {
            if (bits == 0 || !takes(key, t.shape())) {
                all.put(key, t);
                return;
            }
            Rounded rounded = new Rounded(t, plain, bits(key, bits));
            all.put(key, Source.made(key, Groups.type(rounded.bits), Groups.numbers(t.shape(), rounded.bits), rounded::values));
            all.put(key + Groups.SCALES, Source.made(key + Groups.SCALES, DType.F16, Groups.scales(t.shape()), rounded::scales));
        });
        return all;
    }

    /** Whether a tensor is the numbers or the scales of a matrix in groups. */
    static boolean isPartOfOne(String key, Map<String, Shape> all) { return key.endsWith(Groups.SCALES) || all.containsKey(key + Groups.SCALES); }

    /** A matrix that is rounded once: its scales, which are small, wait until they are written. */
    private static final class Rounded {
        private final Supplier<Tensor> matrix;
        private final int bits;
        private float[] scales;

        Rounded(Source t, Map<String, Source> all, int bits) {
            matrix = () -> new SourceWeights(t.name(), all).get(t.name(), null, t.shape());
            this.bits = bits;
        }

        Tensor values() {
            try (Scope s = Scope.open()) {
                Quantized q = Groups.of(matrix.get(), bits);
                scales = q.scales().toFloats();
                return s.keep(q.values());
            }
        }

        Tensor scales() {
            if (scales == null) values();
            Tensor t = Tensor.of(scales, scales.length).to(DType.F16);
            scales = null;
            return t;
        }
    }
}
