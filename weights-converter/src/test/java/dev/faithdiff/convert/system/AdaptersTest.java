package dev.faithdiff.convert.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.KeyLists;
import dev.faithdiff.convert.names.AdapterNames;
import dev.faithdiff.convert.names.Architecture;
import dev.faithdiff.convert.names.KeyNames;
import dev.faithdiff.convert.names.OriginalLayout;
import dev.faithdiff.nn.Lora;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The LoRAs of OSEDiff and PiSA-SR, added to their base, against the published implementations; and the full-size files' names. */
@Tag("full")
class AdaptersTest {
    private static final Precision F32 = Precision.parse("f32");

    private static double atol(String group) {
        return Fixtures.json(group + "/" + group + ".json").getAsJsonObject("files").getAsJsonObject("lora_merged.safetensors").get("suggested_atol")
                .getAsDouble();
    }

    /** Holds what is stored below a name against the tensors. */
    private static void check(String group, String start, Map<String, Source> actual) throws IOException {
        Fixtures f = Fixtures.open(group + "/lora_merged.safetensors");
        List<String> names = f.names().stream().filter(n -> n.startsWith(start)).toList();
        assertThat(names).isNotEmpty();
        for (String name : names) {
            Source t = actual.get(name.substring(start.length()));
            assertThat(t.shape()).as(name).isEqualTo(f.shape(name));
            Fixtures.assertClose(name, floats(t), f.floats(name), atol(group));
        }
    }

    private static float[] floats(Source t) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        t.writeTo(Channels.newChannel(bytes));
        MemorySegment in = MemorySegment.ofArray(bytes.toByteArray());
        float[] v = new float[Math.toIntExact(t.shape().count())];
        for (int i = 0; i < v.length; i++) v[i] = t.dtype().get(in, (long) i * t.dtype().bytes());
        return v;
    }

    @Test void oseDiff() throws IOException {
        try (WeightFile file = WeightFile.open(Fixtures.path("osediff/osediff.pkl"));
                WeightFile unet = WeightFile.open(Fixtures.path("osediff/sd21-base/unet"));
                WeightFile vae = WeightFile.open(Fixtures.path("osediff/sd21-base/vae"))) {
            assertThat(Architecture.of(file.tensors())).isEqualTo(Architecture.OSEDIFF);
            Map<String, Source> changes = KeyNames.below("state_dict_unet.", file.tensors()), base = new LinkedHashMap<>(unet.tensors());
            base.putAll(AdapterNames.trained(changes));
            List<Map<String, Source>> factors = List.of(AdapterNames.factors(changes, Lora.Part.UNET, a -> true));
            check("osediff", "unet.", Adapters.added(Lora.Part.UNET, base, "osediff.pkl", factors, F32));
            List<Map<String, Source>> ofVae =
                    List.of(AdapterNames.factors(KeyNames.below("state_dict_vae.", file.tensors()), Lora.Part.VAE, a -> true));
            check("osediff", "vae.", Adapters.added(Lora.Part.VAE, OriginalLayout.vae(vae.tensors()), "osediff.pkl", ofVae, F32));
        }
    }

    @Test void piSaSr() throws IOException {
        try (WeightFile file = WeightFile.open(Fixtures.path("pisasr/pisa_sr.pkl"));
                WeightFile unet = WeightFile.open(Fixtures.path("osediff/sd21-base/unet"))) {
            assertThat(Architecture.of(file.tensors())).isEqualTo(Architecture.PISASR);
            Map<String, Source> changes = KeyNames.below("state_dict_unet.", file.tensors());
            Map<String, Source> pixel = AdapterNames.factors(changes, Lora.Part.UNET, a -> a.endsWith("_pix"));
            Map<String, Source> semantic = AdapterNames.factors(changes, Lora.Part.UNET, a -> a.endsWith("_sem"));
            check("pisasr", "pix.", Adapters.added(Lora.Part.UNET, unet.tensors(), "pisa_sr.pkl", List.of(pixel), F32));
            check("pisasr", "pix_and_sem.", Adapters.added(Lora.Part.UNET, unet.tensors(), "pisa_sr.pkl", List.of(pixel, semantic), F32));
        }
    }

    /** The sum is rounded to the type to be stored, and not the base before. */
    @Test void onlyTheSumIsRounded() throws IOException {
        try (WeightFile file = WeightFile.open(Fixtures.path("pisasr/pisa_sr.pkl"));
                WeightFile unet = WeightFile.open(Fixtures.path("osediff/sd21-base/unet"))) {
            Map<String, Source> pixel = AdapterNames.factors(KeyNames.below("state_dict_unet.", file.tensors()), Lora.Part.UNET,
                    a -> a.endsWith("_pix"));
            Map<String, Source> wide = Adapters.added(Lora.Part.UNET, unet.tensors(), "pisa_sr.pkl", List.of(pixel), F32);
            Map<String, Source> half = Adapters.added(Lora.Part.UNET, unet.tensors(), "pisa_sr.pkl", List.of(pixel), Precision.parse("f16"));
            float[] exact = floats(wide.get("conv_in.weight")), rounded = floats(half.get("conv_in.weight"));
            for (int i = 0; i < exact.length; i++) assertThat(rounded[i]).isEqualTo(Float.float16ToFloat(Float.floatToFloat16(exact[i])));
            assertThat(half.get("conv_in.weight").dtype()).isEqualTo(DType.F16);
        }
    }

    /** Every factor of the full-size files changes a weight of Stable Diffusion 2.1. */
    @Test void fullSizeNames() {
        Map<String, Source> unet = zeros(Published.SD21, "unet"), vae = zeros(Published.SD21, "vae");
        Map<String, Source> ose = keys("osediff/keys/osediff_state_dict_unet.json.gz"), ofVae = keys("osediff/keys/osediff_state_dict_vae.json.gz");
        Map<String, Source> pisa = keys("pisasr/keys/pisa_sr_state_dict_unet.json.gz");
        assertThat(AdapterNames.trained(ose).keySet()).containsExactlyInAnyOrder("conv_in.weight", "conv_in.bias");
        takesAll(Lora.Part.UNET, unet, AdapterNames.factors(ose, Lora.Part.UNET, a -> true), ose.size() - 2);
        takesAll(Lora.Part.VAE, vae, AdapterNames.factors(ofVae, Lora.Part.VAE, a -> true), ofVae.size());
        takesAll(Lora.Part.UNET, unet, AdapterNames.factors(pisa, Lora.Part.UNET, a -> a.endsWith("_pix")), pisa.size() / 2);
        takesAll(Lora.Part.UNET, unet, AdapterNames.factors(pisa, Lora.Part.UNET, a -> a.endsWith("_sem")), pisa.size() / 2);
    }

    private static void takesAll(Lora.Part part, Map<String, Source> base, Map<String, Source> factors, int count) {
        assertThat(factors).hasSize(count);
        Map<String, Source> added = Adapters.added(part, base, "full size", List.of(factors), F32);
        assertThat(added.keySet().stream().filter(k -> added.get(k) != base.get(k)).count()).isEqualTo(count / 2);
    }

    private static Map<String, Source> keys(String file) {
        JsonObject json = KeyLists.packed(file);
        return ReleasedKeys.tensors(json.has("tensors") ? json.getAsJsonObject("tensors") : json.getAsJsonObject("keys"));
    }

    private static Map<String, Source> zeros(String release, String part) {
        Map<String, Shape> shapes = part.equals("unet") ? NeededTensors.unet(Published.config(release, part))
                : NeededTensors.vae(Published.config(release, part));
        Map<String, Source> all = new LinkedHashMap<>();
        shapes.forEach((name, shape) -> all.put(name, Source.of(name, DType.F32, shape, () -> MemorySegment.NULL)));
        return all;
    }
}
