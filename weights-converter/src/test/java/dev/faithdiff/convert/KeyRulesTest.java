package dev.faithdiff.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The lists of needed keys against the files that the published implementations wrote. */
class KeyRulesTest {
    private static final Path TINY = TorchFileTest.TINY;

    private static Source tensor(String name, int... shape) { return Source.of(name, DType.F16, Shape.of(shape), () -> MemorySegment.NULL); }

    private static Map<String, Shape> keys(Path folder) {
        try (SafeTensors file = SafeTensors.open(folder)) {
            return file.entries().values().stream().filter(t -> !KeyNames.ignored(t.name())).collect(Collectors.toMap(Source::name, Source::shape));
        }
    }

    @Test
    void unetNeedsWhatDiffusersWrote() {
        Path unet = TINY.resolve("sdxl/unet");
        assertThat(KeyRules.unet(Settings.read(unet.resolve("config.json")))).containsExactlyInAnyOrderEntriesOf(keys(unet));
    }

    @Test
    void configurationsThatLackSomethingAreNamed() {
        JsonObject config = Settings.read(TINY.resolve("sdxl/unet/config.json"));
        config.add("up_block_types", JsonParser.parseString("[\"UpBlock2D\"]"));
        assertThatThrownBy(() -> KeyRules.unet(config)).isInstanceOf(ConvertError.class)
                .hasMessage("config.json of \"UNet2DConditionModel\" has no usable up_block_types of 3 blocks");
        config.addProperty("layers_per_block", "two");
        config.remove("up_block_types");
        assertThatThrownBy(() -> KeyRules.unet(config)).isInstanceOf(ConvertError.class);
        assertThatThrownBy(() -> KeyRules.vae(new JsonObject())).isInstanceOf(ConvertError.class).hasMessageContaining("block_out_channels");
        JsonObject text = Published.sdxl.config("text_encoder");
        text.addProperty("num_hidden_layers", 1e6);
        assertThatThrownBy(() -> KeyRules.text(text)).isInstanceOf(ConvertError.class).hasMessageContaining("more than 100000 tensors");
    }

    @ParameterizedTest
    @ValueSource(strings = {"sdxl/vae", "vae-fp16-fix"})
    void vaeNeedsWhatDiffusersWrote(String name) {
        Path vae = TINY.resolve(name);
        assertThat(KeyRules.vae(Settings.read(vae.resolve("config.json")))).containsExactlyInAnyOrderEntriesOf(keys(vae));
    }

    @ParameterizedTest
    @ValueSource(strings = {"text_encoder", "text_encoder_2"})
    void textEncodersNeedWhatTransformersWrote(String name) {
        Path text = TINY.resolve("sdxl").resolve(name);
        assertThat(KeyRules.text(Settings.read(text.resolve("config.json")))).containsExactlyInAnyOrderEntriesOf(keys(text));
    }

    @Test
    void addedModulesNeedWhatFaithDiffBinHolds() {
        try (WeightFile file = WeightFile.open(TINY.resolve("FaithDiff.bin"))) {
            var numbers = ModelJson.numbers(file.tensors(), null, null, true, new ConversionReport());
            Map<String, Shape> held = new LinkedHashMap<>();
            file.tensors().values().stream().filter(t -> KeyNames.added(t.name())).forEach(t -> held.put(t.name(), t.shape()));
            assertThat(KeyRules.added(numbers)).hasSize(134).containsExactlyInAnyOrderEntriesOf(held);
        }
    }

    @Test
    void earlyVaeAttentionIsRenamedAndSqueezed() {
        Source q = KeyNames.modern(tensor("decoder.mid_block.attentions.0.query.weight", 64, 64, 1, 1));
        assertThat(q.name()).isEqualTo("decoder.mid_block.attentions.0.to_q.weight");
        assertThat(q.shape()).isEqualTo(Shape.of(64, 64));
        assertThat(KeyNames.modern(tensor("encoder.mid_block.attentions.0.proj_attn.bias", 64)).name())
                .isEqualTo("encoder.mid_block.attentions.0.to_out.0.bias");
        assertThat(KeyNames.modern(tensor("encoder.mid_block.attentions.0.to_out.0.weight", 8, 8, 1, 1)).shape()).isEqualTo(Shape.of(8, 8));
        Source other = tensor("encoder.down_blocks.1.resnets.0.conv_shortcut.weight", 8, 4, 1, 1);
        assertThat(KeyNames.modern(other)).isSameAs(other);
    }

    @Test
    void stateDictIsFoundInItsWrappers() {
        Map<String, Source> wrapped = new LinkedHashMap<>();
        for (String k : new String[] {"state_dict.module.conv_in.weight", "state_dict.module.spatial_ch_projs.bias", "optimizer.0.step"}) {
            wrapped.put(k, tensor(k, 1));
        }
        assertThat(KeyNames.unwrap(wrapped).keySet()).containsExactly("conv_in.weight", "spatial_ch_projs.bias");
        assertThat(KeyNames.unwrap(wrapped).get("conv_in.weight").name()).isEqualTo("conv_in.weight");
    }
}
