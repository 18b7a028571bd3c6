package dev.faithdiff.convert.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import dev.faithdiff.convert.TinyCheckpoint;
import dev.faithdiff.convert.file.Cast;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.TorchFile;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.WholeFolder;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.SafeTensors.Entry;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole conversion of the small released layout, bit for bit. */
@Tag("full")
class FaithDiffConverterTest {
    private static final Path TINY = TinyCheckpoint.PATH;

    @TempDir Path folder;

    private static ConversionReport convert(Path source, Path target, Precision dtype, boolean force) {
        try (Converter converter = new FaithDiffConverter(SourceFolder.find(source), dtype)) {
            ConversionReport report = converter.plan();
            WholeFolder.write(target, force, f -> converter.write(f, null));
            return report;
        }
    }

    private static byte[] bytes(Entry e) { return e.data().toArray(ValueLayout.JAVA_BYTE); }

    /** Every file below a folder, by its relative path. */
    private static Map<String, byte[]> files(Path root) throws IOException {
        Map<String, byte[]> all = new TreeMap<>();
        try (Stream<Path> walk = Files.walk(root)) {
            for (Path f : walk.filter(Files::isRegularFile).toList()) all.put(root.relativize(f).toString(), Files.readAllBytes(f));
        }
        return all;
    }

    /** The tiny checkpoint with FaithDiff's weights in safetensors, without those whose names begin so. */
    private Path copyWithout(String key) throws IOException {
        Path copy = folder.resolve("copy");
        for (var f : files(TINY).entrySet()) {
            if (!f.getKey().matches("sdxl/.*|vae-fp16-fix/.*|FaithDiff.bin")) continue;
            Files.createDirectories(copy.resolve(f.getKey()).getParent());
            Files.write(copy.resolve(f.getKey()), f.getValue());
        }
        try (WeightFile file = WeightFile.open(TINY.resolve("FaithDiff.bin"))) {
            List<Source> kept = file.tensors().values().stream().filter(t -> !t.name().startsWith(key)).toList();
            Path old = copy.resolve("FaithDiff.bin");
            Path target = old.resolveSibling("FaithDiff.safetensors");
            SafeTensors.write(target, kept, Map.of());
            Files.delete(old);
        }
        return copy;
    }

    @Test
    void unetIsTheReleasedOneWithFaithDiffOnTop() throws IOException {
        convert(TINY, folder.resolve("model"), Precision.KEEP, false);
        try (SafeTensors made = SafeTensors.open(folder.resolve("model/unet/model.safetensors"));
                SafeTensors base = SafeTensors.open(TINY.resolve("sdxl/unet"));
                TorchFile fine = TorchFile.open(TINY.resolve("FaithDiff.bin"))) {
            assertThat(made.entries().keySet()).containsExactlyInAnyOrderElementsOf(fine.entries().keySet());
            for (TorchFile.Entry e : fine.entries().values()) {
                assertThat(made.entries().get(e.name()).shape()).isEqualTo(e.shape());
                assertThat(bytes(made.entries().get(e.name()))).as(e.name()).isEqualTo(TinyCheckpoint.bytes(e));
            }
            assertThat(bytes(made.entries().get("conv_in.weight"))).isNotEqualTo(bytes(base.entries().get("conv_in.weight")));
        }
    }

    @Test
    void otherPartsAreTheirSourcesBitForBit() throws IOException {
        convert(TINY, folder.resolve("model"), Precision.KEEP, false);
        Map<String, Path> sources = Map.of("vae", TINY.resolve("vae-fp16-fix"),
                "text_encoder", TINY.resolve("sdxl/text_encoder"), "text_encoder_2", TINY.resolve("sdxl/text_encoder_2"));
        for (var part : sources.entrySet()) {
            try (SafeTensors made = SafeTensors.open(folder.resolve("model").resolve(part.getKey()).resolve("model.safetensors"));
                    SafeTensors source = SafeTensors.open(part.getValue())) {
                List<String> keys = source.entries().keySet().stream().filter(k -> !k.endsWith("position_ids")).toList();
                assertThat(made.entries().keySet()).containsExactlyInAnyOrderElementsOf(keys);
                for (String k : keys) {
                    assertThat(made.entries().get(k).shape()).as(k).isEqualTo(source.entries().get(k).shape());
                    assertThat(bytes(made.entries().get(k))).as(k).isEqualTo(bytes(source.entries().get(k)));
                }
            }
        }
        Map<String, byte[]> made = files(folder.resolve("model")), tiny = files(TINY);
        assertThat(made.keySet()).containsExactly("SHA256SUMS", "model.json", "scheduler/scheduler_config.json",
                "text_encoder/config.json", "text_encoder/model.safetensors", "text_encoder_2/config.json",
                "text_encoder_2/model.safetensors", "tokenizer/merges.txt", "tokenizer/special_tokens_map.json",
                "tokenizer/tokenizer_config.json", "tokenizer/vocab.json", "tokenizer_2/merges.txt", "tokenizer_2/special_tokens_map.json",
                "tokenizer_2/tokenizer_config.json", "tokenizer_2/vocab.json",
                "unet/config.json", "unet/model.safetensors", "vae/config.json", "vae/model.safetensors");
        made.forEach((name, content) -> {
            if (name.matches("(sched|tok).*|(unet|text).*/config.json")) assertThat(content).as(name).isEqualTo(tiny.get("sdxl/" + name));
        });
        assertThat(made.get("vae/config.json")).isEqualTo(tiny.get("vae-fp16-fix/config.json"));
    }

    @Test
    void numbersAreReadOffTheTensors() throws IOException {
        convert(TINY, folder.resolve("model"), Precision.KEEP, false);
        JsonObject model = Config.read(folder.resolve("model/model.json")).json();
        assertThat(model.get("source").toString()).isEqualTo("{\"sdxl\":\"sdxl\",\"vae\":\"vae-fp16-fix\",\"faithdiff\":\"FaithDiff.bin\"}");
        assertThat(model.get("faithdiff").toString()).isEqualTo("{\"encoder_block_out_channels\":[32,64,32,32],\"encoder_layers_per_block\":2,"
                + "\"encoder_norm_num_groups\":32,\"encoder_norm_eps\":1.0E-6,\"encoder_mid_block_add_attention\":true,\"condition_channels\":32,"
                + "\"condition_norm_num_groups\":32,\"condition_norm_eps\":1.0E-6,\"embedding_channels\":16,"
                + "\"transformer_width\":32,\"transformer_heads\":8,"
                + "\"transformer_layers\":2,\"transformer_mlp_ratio\":2,\"layer_norm_eps\":1.0E-5,\"attention_axis\":\"batch\",\"downscale\":8,"
                + "\"guidance_scale\":5.0,\"num_inference_steps\":20,\"start_point\":\"lr\",\"color_fix\":\"adain\"}");
    }

    @Test
    void twiceGivesTheSameBytes() throws IOException {
        ConversionReport first = convert(TINY, folder.resolve("a"), Precision.KEEP, false),
                second = convert(TINY, folder.resolve("b"), Precision.KEEP, false);
        Map<String, byte[]> a = files(folder.resolve("a")), b = files(folder.resolve("b"));
        assertThat(a.keySet()).isEqualTo(b.keySet());
        a.forEach((name, content) -> assertThat(content).as(name).isEqualTo(b.get(name)));
        assertThat(first.toString()).isEqualTo(second.toString()).contains("unet: 752 tensors")
                .contains("618 of 618 U-Net tensors and 134 added ones from FaithDiff.bin");
        try (Stream<Path> left = Files.list(folder)) { assertThat(left).hasSize(2); }
    }

    @Test
    void widensAndNarrowsExactly() throws IOException {
        convert(TINY, folder.resolve("wide"), Precision.parse("f32"), false);
        try (SafeTensors wide = SafeTensors.open(folder.resolve("wide/vae")); SafeTensors source = SafeTensors.open(TINY.resolve("vae-fp16-fix"))) {
            for (Entry e : wide.entries().values()) {
                assertThat(e.dtype()).isEqualTo(DType.F32);
                assertThat(TinyCheckpoint.bytes(Cast.to(DType.F16, e))).as(e.name()).isEqualTo(bytes(source.entries().get(e.name())));
            }
        }
    }

    @Test
    void unetKeysThatFaithDiffLacksComeFromSdxl() throws IOException {
        Path copy = copyWithout("conv_in.");
        assertThat(convert(copy, folder.resolve("model"), Precision.KEEP, false).toString()).contains("616 of 618 U-Net tensors");
        try (SafeTensors made = SafeTensors.open(folder.resolve("model/unet")); SafeTensors base = SafeTensors.open(TINY.resolve("sdxl/unet"))) {
            assertThat(bytes(made.entries().get("conv_in.weight"))).isEqualTo(bytes(base.entries().get("conv_in.weight")));
        }
    }

    @Test
    void nothingIsWrittenOfAnIncompleteModel() throws IOException {
        Path copy = copyWithout("condition_embedding.norm_in");
        Files.delete(copy.resolve("vae-fp16-fix/diffusion_pytorch_model.safetensors"));
        try (SafeTensors vae = SafeTensors.open(TINY.resolve("vae-fp16-fix"))) {
            Map<String, Entry> some = new LinkedHashMap<>(vae.entries());
            some.keySet().removeIf(k -> k.startsWith("decoder.up_blocks."));
            SafeTensors.write(copy.resolve("vae-fp16-fix/model.safetensors"), some.values(), Map.of());
        }
        assertThatThrownBy(() -> convert(copy, folder.resolve("model"), Precision.KEEP, false)).isInstanceOf(ConvertError.class)
                .hasMessageStartingWith("the model is incomplete, 108 problems:\n")
                .hasMessageContaining("unet: condition_embedding.norm_in.weight is missing\n")
                .hasMessageContaining("vae: decoder.up_blocks.0.resnets.0.norm1.weight is missing\n").hasMessageEndingWith("and 88 more");
        assertThat(folder.resolve("model")).doesNotExist();
    }

    @Test
    void missingFilesAreAllNamed() throws IOException {
        Path copy = copyWithout("nothing");
        Files.delete(copy.resolve("sdxl/scheduler/scheduler_config.json"));
        Files.delete(copy.resolve("sdxl/tokenizer_2/vocab.json"));
        assertThatThrownBy(() -> convert(copy, folder.resolve("model"), Precision.KEEP, false)).hasMessageContaining("2 problems")
                .hasMessageContaining("scheduler_config.json is missing").hasMessageContaining("vocab.json is missing");
    }

    @Test
    void numbersThatContradictTheTensorsAreRefused() throws IOException {
        Path copy = copyWithout("nothing");
        Files.writeString(copy.resolve("faithdiff_config.json"), "{\"transformer_width\": 64, \"transformer_heads\": 4, \"condition_channels\": 32}");
        assertThatThrownBy(() -> convert(copy, folder.resolve("model"), Precision.KEEP, false))
                .hasMessageContaining("faithdiff_config.json: transformer_width is 64 but the tensors show 32").hasMessageContaining("incomplete:");
    }

    @Test
    void replacesOnlyModelsAndOnlyByForce() throws IOException {
        Path model = folder.resolve("model");
        Files.createDirectories(model);
        Files.writeString(model.resolve("thesis.txt"), "mine");
        assertThatThrownBy(() -> convert(TINY, model, Precision.KEEP, false)).hasMessageContaining("exists").hasMessageContaining("--force");
        assertThatThrownBy(() -> convert(TINY, model, Precision.KEEP, true)).hasMessageContaining("something else than a model");
        Files.writeString(model.resolve("model.json"), "{}");
        convert(TINY, model, Precision.KEEP, true);
        assertThat(model.resolve("thesis.txt")).doesNotExist();
        try (Stream<Path> left = Files.list(folder)) { assertThat(left).containsExactly(model); }
    }
}
