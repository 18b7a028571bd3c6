package dev.faithdiff.convert.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.Fixtures;
import dev.faithdiff.convert.file.Cast;
import dev.faithdiff.model.Config;
import dev.faithdiff.nn.Lora;
import dev.faithdiff.nn.LoraFile;
import dev.faithdiff.nn.WeightsError;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** LoRA files of every layout, pickles too, merged into the tensors of a checkpoint, against the stored sums of their values. */
@Tag("full")
class MergedLorasTest {
    private static final JsonObject COMBINATIONS = Fixtures.json("lora/lora.json").getAsJsonObject("combinations");
    private static final Map<String, Lora.Part> PARTS = Map.of("unet", Lora.Part.UNET, "te1", Lora.Part.TEXT_ENCODER, "te2",
            Lora.Part.TEXT_ENCODER_2);
    private static final Path SDXL = Fixtures.path("checkpoint-tiny/sdxl");

    static Set<String> combinations() { return COMBINATIONS.keySet(); }

    @ParameterizedTest
    @MethodSource("combinations")
    void valuesAreThoseOfTheReference(String combination) throws IOException {
        JsonObject sums = sums().getAsJsonObject(combination);
        List<LoraFile> files = COMBINATIONS.getAsJsonObject(combination).getAsJsonArray("loras").asList().stream().map(JsonElement::getAsJsonArray)
                .map(l -> new LoraFile(Fixtures.path("lora").resolve(l.get(0).getAsString()), l.get(1).getAsFloat())).toList();
        int[] compared = {0};
        try (MergedLoras loras = new MergedLoras(files)) {
            loras.requireOnly(PARTS.values());
            for (var part : PARTS.entrySet()) {
                try (WeightFile base = WeightFile.open(SDXL.resolve(part.getValue().folder()))) {
                    Map<String, Source> wide = new LinkedHashMap<>();
                    base.tensors().forEach((key, t) -> wide.put(key, Cast.to(DType.F32, t)));
                    Config unet = part.getKey().equals("unet") ? Config.read(SDXL.resolve("unet/config.json")) : null;
                    loras.merged(part.getValue(), wide, unet, new ConversionReport()).forEach((key, t) -> {
                        JsonArray expected = sums.getAsJsonArray(part.getKey() + ":" + key.replaceFirst("\\.weight$", ""));
                        if (expected == null) {
                            assertThat(t).as(key).isSameAs(wide.get(key));
                            return;
                        }
                        compared[0]++;
                        assertSums(key, new SourceWeights("merged", Map.of(key, t)), key, expected);
                    });
                }
            }
        }
        assertThat(compared[0]).isEqualTo(sums.size()).isPositive();
    }

    private static void assertSums(String what, SourceWeights weights, String key, JsonArray expected) {
        double sum = 0, squares = 0;
        try (Scope _ = Scope.open()) {
            Tensor t = weights.get(key, null, null);
            for (float v : t.toFloats()) {
                sum += v;
                squares += (double) v * v;
            }
        }
        double root = Math.sqrt(expected.get(1).getAsDouble());
        assertThat(sum).as(what).isCloseTo(expected.get(0).getAsDouble(), within(1e-4 * root));
        assertThat(Math.sqrt(squares)).as(what).isCloseTo(root, within(1e-4 * root));
    }

    private static JsonObject sums() throws IOException {
        Path file = Fixtures.path("lora/expected_sums.json.gz");
        try (InputStreamReader in = new InputStreamReader(new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8)) {
            return JsonParser.parseReader(in).getAsJsonObject();
        }
    }

    @Test void tensorsForPartsThatTheModelHasNotAreNamed() {
        try (MergedLoras loras = new MergedLoras(List.of(LoraFile.of(Fixtures.path("lora/kohya.safetensors").toString())))) {
            assertThatThrownBy(() -> loras.requireOnly(List.of(Lora.Part.UNET))).isInstanceOf(WeightsError.class)
                    .hasMessageContaining("lora_te1_").hasMessageContaining("is for the first text encoder, which the model has not");
        }
    }
}
