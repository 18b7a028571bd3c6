package dev.faithdiff.convert.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.sun.management.ThreadMXBean;
import dev.faithdiff.convert.TinyCheckpoint;
import dev.faithdiff.convert.names.KeyNames;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.networks.align.AlignConfig;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.WeightsError;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The networks take exactly the tensors of the files that the published implementations wrote, and refuse hostile configurations. */
@Tag("full")
class NeededTensorsTest {
    private static final Path TINY = TinyCheckpoint.PATH;
    private static final long MOST_BYTES = 64 << 20, MOST_MILLIS = 5000;

    private static Map<String, Shape> keys(Path folder) {
        try (SafeTensors file = SafeTensors.open(folder)) {
            return file.entries().values().stream().filter(t -> !KeyNames.ignored(t.name())).collect(Collectors.toMap(Source::name, Source::shape));
        }
    }

    private static Config config(Path folder) { return Config.read(folder.resolve("config.json")); }

    @Test
    void unetTakesWhatDiffusersWrote() {
        Path unet = TINY.resolve("sdxl/unet");
        assertThat(NeededTensors.unet(config(unet))).containsExactlyInAnyOrderEntriesOf(keys(unet));
    }

    @ParameterizedTest
    @ValueSource(strings = {"sdxl/vae", "vae-fp16-fix"})
    void vaeTakesWhatDiffusersWrote(String name) {
        Path vae = TINY.resolve(name);
        assertThat(NeededTensors.vae(config(vae))).containsExactlyInAnyOrderEntriesOf(keys(vae));
    }

    @ParameterizedTest
    @ValueSource(strings = {"text_encoder", "text_encoder_2"})
    void textEncodersTakeWhatTransformersWrote(String name) {
        Path text = TINY.resolve("sdxl").resolve(name);
        assertThat(NeededTensors.text(config(text))).containsExactlyInAnyOrderEntriesOf(keys(text));
    }

    @Test
    void addedModulesTakeWhatFaithDiffBinHolds() {
        try (WeightFile file = WeightFile.open(TINY.resolve("FaithDiff.bin"))) {
            JsonObject numbers = ModelJson.numbers(file.tensors(), null, null, true, new ConversionReport());
            Map<String, Shape> held = new LinkedHashMap<>(), needed = new LinkedHashMap<>();
            file.tensors().values().stream().filter(t -> KeyNames.added(t.name())).forEach(t -> held.put(t.name(), t.shape()));
            NeededTensors.alignedUnet(config(TINY.resolve("sdxl/unet")), Config.of(Path.of("model.json"), numbers.toString()))
                    .forEach((name, shape) -> { if (KeyNames.added(name)) needed.put(name, shape); });
            assertThat(needed).hasSize(134).containsExactlyInAnyOrderEntriesOf(held);
        }
    }

    @Test
    void sizesOfAddedModulesThatCannotBeReadAreNamed() {
        Map<String, Shape> shapes = new LinkedHashMap<>(Map.of(AlignConfig.BLOCKS + ".0.attn.out_proj.weight", Shape.of(8, 8)));
        assertThatThrownBy(() -> AlignConfig.of(new NamedShapes(shapes)))
                .hasMessage("denoise_encoder.down_blocks.0.resnets.0.conv1.weight is missing");
        shapes.put("denoise_encoder.down_blocks.0.resnets.0.conv1.weight", Shape.of(0, 3));
        assertThatThrownBy(() -> AlignConfig.of(new NamedShapes(shapes))).hasMessageContaining("has the impossible shape [0, 3]");
    }

    /** One setting of a published configuration in another way; each is refused in one line, soon, and without much memory. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', value = {
        "unet | up_block_types | ['UpBlock2D'] | 'up_block_types' must be a list of 3",
        "unet | layers_per_block | 'two' | 'layers_per_block' must be a whole number from 0 to 1000000, not \"two\"",
        "unet | layers_per_block | -1 | 'layers_per_block' must be a whole number from 0 to 1000000, not -1",
        "unet | layers_per_block | 2.5 | must be a whole number",
        "unet | layers_per_block | 1e300 | must be a whole number",
        "unet | layers_per_block | 1000000 | asks for more than 100000 tensors",
        "unet | transformer_layers_per_block | [1000000, 1000000, 1000000] | asks for more than 100000 tensors",
        "unet | block_out_channels | [1000000, 1000000, 1000000] | ",
        "unet | block_out_channels | [2147483647, 320, 640] | must be a whole number from 1 to 1000000",
        "unet | block_out_channels | [] | 'block_out_channels' must be a list of 1 to 64",
        "unet | block_out_channels | null | 'block_out_channels' is missing",
        "unet | norm_num_groups | 0 | 'norm_num_groups' must be a whole number from 1",
        "unet | cross_attention_dim | {} | must be a whole number",
        "vae | block_out_channels | [0, 0, 0, 0] | must be a whole number from 1",
        "vae | out_channels | 4 | 'out_channels' must be '3'",
        "vae | mid_block_add_attention | 'yes' | 'mid_block_add_attention' must be true or false",
        "text_encoder | num_hidden_layers | 1e6 | asks for more than 100000 tensors",
        "text_encoder | architectures | [{}] | 'architectures' must be a list of texts",
        "faithdiff | transformer_mlp_ratio | 1000000 | 'transformer_mlp_ratio' must be a whole number from 1 to 100",
        "faithdiff | transformer_layers | 1000000 | asks for more than 100000 tensors",
        "faithdiff | encoder_layers_per_block | 999999 | asks for more than 100000 tensors"})
    void hostileSettingsAreOneClearLine(String part, String key, String value, String message) {
        JsonObject json = Published.sdxl.config(part).json();
        json.add(key, JsonParser.parseString(value.replace('\'', '"')));
        Config c = Config.of(Path.of("hostile/config.json"), json.toString());
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long bytes = threads.getCurrentThreadAllocatedBytes(), began = threads.getCurrentThreadCpuTime();
        if (message == null) build(part, c);
        else assertThatThrownBy(() -> build(part, c)).isInstanceOfAny(ModelError.class, WeightsError.class).hasMessageContaining(message)
                .hasMessageContaining("hostile/config.json: ").hasMessageNotContaining("\n");
        assertThat(threads.getCurrentThreadAllocatedBytes() - bytes).as("bytes allocated").isLessThan(MOST_BYTES);
        assertThat((threads.getCurrentThreadCpuTime() - began) / 1_000_000).as("milliseconds").isLessThan(MOST_MILLIS);
    }

    private static void build(String part, Config c) {
        switch (part) {
            case "unet" -> NeededTensors.unet(c);
            case "vae" -> NeededTensors.vae(c);
            case "faithdiff" -> NeededTensors.alignedUnet(Published.sdxl.config("unet"), c);
            default -> NeededTensors.text(c);
        }
    }
}
