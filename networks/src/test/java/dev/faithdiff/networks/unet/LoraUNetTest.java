package dev.faithdiff.networks.unet;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.model.Config;
import dev.faithdiff.nn.FileWeights;
import dev.faithdiff.nn.Lora;
import dev.faithdiff.nn.LoraFile;
import dev.faithdiff.nn.WeightSource;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The U-Net with LoRA files added while it is read, whose modules have their original names. */
@Tag("full")
class LoraUNetTest {
    private static final JsonObject INFO = Fixtures.json("lora/lora.json"), COMBINATIONS = INFO.getAsJsonObject("combinations");
    private static final UNetConfig SIZES = UNetConfig.of(Config.read(Fixtures.path("checkpoint-tiny/sdxl/unet/config.json")));
    private static final OriginalNames NAMES = new OriginalNames(SIZES);

    @Test void modulesHaveTheirOriginalNames() {
        INFO.getAsJsonObject("diffusers_to_sgm_module_names").asMap()
                .forEach((module, original) -> assertThat(NAMES.of(module)).isEqualTo(original.getAsString()));
        assertThat(NAMES.of("denoise_encoder.conv_in")).isEqualTo("denoise_encoder.conv_in");
    }

    /** Predictions are stored for whole LoRA files only. */
    static Stream<String> combinations() {
        if (!Fixtures.path("lora/unet_check.safetensors").toFile().exists()) return Stream.of();
        return COMBINATIONS.keySet().stream().filter(c -> loras(c).stream().allMatch(l -> l.path().toString().endsWith(".safetensors")));
    }

    private static List<LoraFile> loras(String combination) {
        JsonArray all = COMBINATIONS.getAsJsonObject(combination).getAsJsonArray("loras");
        return all.asList().stream().map(JsonElement::getAsJsonArray)
                .map(l -> LoraFile.of(Fixtures.path("lora").resolve(l.get(0).getAsString()) + ":" + l.get(1).getAsString())).toList();
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("combinations")
    void predictsAsTheReference(String combination) {
        Fixtures f = Fixtures.open("lora/unet_check.safetensors");
        WeightSource source = new FileWeights(Fixtures.path("checkpoint-tiny/sdxl/unet"));
        for (LoraFile l : loras(combination)) source = l.over(source, Lora.Part.UNET, NAMES::of);
        try (Scope _ = Scope.open(); Weights w = Weights.of(source, Device.CPU, DType.F32, null)) {
            UNet unet = new UNet(w, SIZES);
            Tensor time = unet.embedTime(500, Fixtures.tensor(f, "pooled"), Fixtures.tensor(f, "time_ids"));
            Tensor eps = unet.denoise(unet.embed(Fixtures.tensor(f, "latents")), time, Context.once(Fixtures.tensor(f, "context")));
            double atol = COMBINATIONS.getAsJsonObject(combination).getAsJsonObject("eps_error").get("suggested_atol").getAsDouble();
            Fixtures.assertClose(combination, eps, f, "eps." + combination, atol);
        }
    }
}
