package dev.faithdiff.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.Fixtures;
import dev.faithdiff.nn.Lora.Part;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Weights with LoRA files added, against those that diffusers, PEFT and the published formulas give. */
class LoraTest {
    private static final JsonObject INFO = Fixtures.json("lora/lora.json"), SGM = INFO.getAsJsonObject("diffusers_to_sgm_module_names");
    private static final Map<String, Part> PARTS = Map.of("unet", Part.UNET, "te1", Part.TEXT_ENCODER, "te2", Part.TEXT_ENCODER_2);
    private static final Map<String, String> FOLDERS = Map.of("unet", "unet", "te1", "text_encoder", "te2", "text_encoder_2");
    private static final UnaryOperator<String> ORIGINAL = module -> SGM.has(module) ? SGM.get(module).getAsString() : module;

    /** The weights without LoRA, by part and key. */
    private static final Map<String, Map<String, float[]>> PLAIN = new HashMap<>();

    @TempDir Path dir;

    /** Those of safetensors files; others are the converter's. */
    static Stream<String> combinations() {
        return INFO.getAsJsonObject("combinations").keySet().stream()
                .filter(c -> loras(c).stream().allMatch(use -> use.file.endsWith(".safetensors")));
    }

    private record Use(String file, float strength) {}

    private static List<Use> loras(String combination) {
        List<Use> all = new ArrayList<>();
        for (JsonElement e : INFO.getAsJsonObject("combinations").getAsJsonObject(combination).getAsJsonArray("loras")) {
            all.add(new Use(e.getAsJsonArray().get(0).getAsString(), e.getAsJsonArray().get(1).getAsFloat()));
        }
        return all;
    }

    private static WeightSource base(String where) {
        return new FileWeights(Fixtures.path("checkpoint-tiny/sdxl/" + FOLDERS.get(where)));
    }

    private static WeightSource merged(String combination, String where) {
        WeightSource source = base(where);
        for (Use u : loras(combination)) {
            Lora lora = Lora.open(Fixtures.path("lora/" + u.file), PARTS.get(where), ORIGINAL);
            source = new LoraWeights(source, lora, u.strength);
        }
        return source;
    }

    /** All weights of a source as files hold them. */
    private static Map<String, float[]> values(WeightSource source) {
        Map<String, float[]> values = new HashMap<>();
        try (Scope _ = Scope.open(); Weights w = Weights.of(source, Device.CPU, DType.F32, null)) {
            source.held().forEach((key, held) -> values.put(key, Layout.toFile(w.get(key, null, Layout.inLayer(held.shape()).toArray())).toFloats()));
        }
        return values;
    }

    @Tag("full")
    @ParameterizedTest
    @MethodSource("combinations")
    void weightsAreThoseOfTheReference(String combination) throws IOException {
        JsonObject info = INFO.getAsJsonObject("combinations").getAsJsonObject(combination), sums = sums(combination);
        Fixtures expected = Fixtures.open("lora/expected_weights.safetensors");
        int compared = 0;
        for (String where : PARTS.keySet()) {
            Map<String, float[]> plain = PLAIN.computeIfAbsent(where, p -> values(base(p)));
            int touched = 0;
            for (Map.Entry<String, float[]> e : values(merged(combination, where)).entrySet()) {
                String module = where + ":" + e.getKey().replaceFirst("\\.weight$", ""), stored = combination + "|" + module;
                if (sums.has(module)) {
                    touched++;
                    assertSums(module, e.getValue(), sums.getAsJsonArray(module));
                } else {
                    assertThat(Arrays.equals(e.getValue(), plain.get(e.getKey()))).as(module).isTrue();
                }
                if (!expected.has(stored)) continue;
                compared++;
                Fixtures.assertClose(stored, e.getValue(), expected.floats(stored), info.get("weights_atol").getAsDouble());
            }
            assertThat(touched).as(where).isEqualTo(info.getAsJsonObject("touched").get(where).getAsInt());
        }
        assertThat(compared).isEqualTo((int) expected.names().stream().filter(n -> n.startsWith(combination + "|")).count()).isPositive();
    }

    private static JsonObject sums(String combination) throws IOException {
        Path file = Fixtures.path("lora/expected_sums.json.gz");
        try (InputStreamReader in = new InputStreamReader(new GZIPInputStream(new FileInputStream(file.toFile())), StandardCharsets.UTF_8)) {
            return JsonParser.parseReader(in).getAsJsonObject().getAsJsonObject(combination);
        }
    }

    private static void assertSums(String module, float[] values, JsonArray expected) {
        double sum = 0, squares = 0;
        for (float v : values) {
            sum += v;
            squares += (double) v * v;
        }
        double root = Math.sqrt(expected.get(1).getAsDouble());
        assertThat(sum).as(module).isCloseTo(expected.get(0).getAsDouble(), within(1e-4 * root));
        assertThat(Math.sqrt(squares)).as(module).isCloseTo(root, within(1e-4 * root));
    }

    /** {@code a.weight [4, 4]} of ones in a type, and a LoRA of rank 1 and thousandths that adds 0.001 at strength 1. */
    private WeightSource small(DType dtype, float... strengths) {
        write("base.safetensors", dtype, Map.of("a.weight", Shape.of(4, 4), "b.weight", Shape.of(2)), 1);
        write("lora.safetensors", DType.F32, Map.of("unet.a.lora_A.weight", Shape.of(1, 4), "unet.a.lora_B.weight", Shape.of(4, 1)),
                (float) Math.sqrt(0.001));
        WeightSource source = new FileWeights(dir.resolve("base.safetensors"));
        for (float s : strengths) source = new LoraWeights(source, Lora.open(dir.resolve("lora.safetensors"), Part.UNET), s);
        return source;
    }

    private Path write(String name, DType dtype, Map<String, Shape> tensors, float value) {
        try (Scope _ = Scope.open()) {
            List<Source> all = new ArrayList<>();
            tensors.forEach((key, shape) -> all.add(Source.of(key, dtype, shape, () -> Tensor.full(Device.CPU, dtype, shape, value).segment())));
            SafeTensors.write(dir.resolve(name), all, Map.of());
        }
        return dir.resolve(name);
    }

    private static Tensor a(Weights w) { return w.get("a.weight", null, 4, 4); }

    @Test void theSumOfSeveralIsRoundedOnceToTheTypeOfTheFile() {
        try (Scope _ = Scope.open(); Weights w = Weights.of(small(DType.F16, 0.2f, 0.2f, 0.2f), Device.CPU, null, null)) {
            assertThat(a(w).dtype()).isEqualTo(DType.F16);
            assertThat(a(w).toFloats()).as("each change alone is below half a step of F16").containsOnly(1 + 0x1p-10f);
        }
    }

    @Test void onlyChangedWeightsLeaveTheFile() {
        try (Weights w = Weights.of(small(DType.F16, 1), Device.CPU, null, null)) {
            assertThat(w.get("b.weight", null, 2).storage().segment().isReadOnly()).as("mapped").isTrue();
            assertThat(a(w).storage().segment().isReadOnly()).as("mapped").isFalse();
        }
    }

    @Test void eightBitsBecomeSixteenWhereTheyAreChanged() {
        try (Weights w = Weights.of(small(DType.F8_E4M3, 1), Device.CPU, DType.F16, null)) {
            assertThat(a(w).dtype()).isEqualTo(DType.F16);
            assertThat(a(w).toFloats()).containsOnly(1 + 0x1p-10f);
            assertThat(w.get("b.weight", null, 2).dtype()).isEqualTo(DType.F8_E4M3);
        }
    }

    @Test void changesWithoutTheirWeightAreNamedAtOnce() {
        Path file = write("other.safetensors", DType.F32, Map.of("unet.a.lora_A.weight", Shape.of(1, 5), "unet.a.lora_B.weight", Shape.of(4, 1),
                "unet.c.lora_A.weight", Shape.of(1, 4), "unet.c.lora_B.weight", Shape.of(4, 1)), 1);
        assertThatThrownBy(() -> new LoraWeights(small(DType.F32), Lora.open(file, Part.UNET), 1)).isInstanceOf(WeightsError.class)
                .hasMessageStartingWith(file + ": 2 tensors do not fit the model: ").hasMessageContaining("c.weight is not part of the model")
                .hasMessageContaining("unet.a.lora_A.weight [1, 5] and unet.a.lora_B.weight [4, 1] do not change a weight of [4, 4]");
    }

    @Test void shapesThatAreNoFactorsAreRefused() {
        for (Shape[] pair : new Shape[][] {{Shape.of(4), Shape.of(4, 1)}, {Shape.of(0, 4), Shape.of(4, 0)}, {Shape.of(1, 4, 1), Shape.of(4, 1)},
                {Shape.of(1, 4), Shape.of(4)}, {Shape.of(), Shape.of()}}) {
            Path file = write("odd.safetensors", DType.F32, Map.of("unet.a.lora_A.weight", pair[0], "unet.a.lora_B.weight", pair[1]), 1);
            assertThatThrownBy(() -> Lora.open(file, Part.UNET)).isInstanceOf(WeightsError.class).hasMessageContaining("are no pair of factors");
        }
        for (Shape[] pair : new Shape[][] {{Shape.of(2, 4), Shape.of(4, 1)}, {Shape.of(1, 4, 3, 3), Shape.of(4, 1, 1, 1)},
                {Shape.of(1, 4), Shape.of(5, 1)}, {Shape.of(1, 4), Shape.of(4, 1, 1, 2)}}) {
            Path file = write("odd.safetensors", DType.F32, Map.of("unet.a.lora_A.weight", pair[0], "unet.a.lora_B.weight", pair[1]), 1);
            assertThatThrownBy(() -> new LoraWeights(small(DType.F32), Lora.open(file, Part.UNET), 1)).isInstanceOf(WeightsError.class)
                    .hasMessageContaining("do not change a weight of [4, 4]");
        }
    }

    @Test void unknownTensorsAreNamedAndNotSkipped() {
        Path file = write("dora.safetensors", DType.F32, Map.of("unet.a.lora_A.weight", Shape.of(1, 4), "unet.a.lora_B.weight", Shape.of(4, 1),
                "unet.a.dora_scale", Shape.of(4), "lora_te3_a.lora_down.weight", Shape.of(1, 4)), 1);
        for (Part part : Part.values()) {
            assertThatThrownBy(() -> Lora.open(file, part)).isInstanceOf(WeightsError.class)
                    .hasMessageContaining("unet.a.dora_scale is no tensor of a supported kind of LoRA")
                    .hasMessageContaining("lora_te3_a.lora_down.weight is no");
        }
    }

    @Test void aWrongHeaderIsRefusedInOneLine() {
        for (String header : Set.of("{", "[]", "{\"unet.lora_alpha\": {}}", "{\"unet.lora_alpha\": \"x\"}", "{\"unet.alpha_pattern\": 3}")) {
            try (Scope _ = Scope.open()) {
                Source t = Source.of("unet.a.lora_A.weight", DType.F32, Shape.of(1), () -> Tensor.of(new float[1], 1).segment());
                SafeTensors.write(dir.resolve("header.safetensors"), List.of(t), Map.of("lora_adapter_metadata", header));
            }
            assertThatThrownBy(() -> Lora.open(dir.resolve("header.safetensors"), Part.UNET)).isInstanceOf(WeightsError.class)
                    .hasMessageEndingWith("lora_adapter_metadata in the header is no JSON object of LoRA settings");
        }
    }
}
