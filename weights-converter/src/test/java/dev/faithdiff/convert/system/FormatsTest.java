package dev.faithdiff.convert.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.CommandLineRun;
import dev.faithdiff.KeyLists;
import dev.faithdiff.convert.Main;
import dev.faithdiff.convert.TinyCheckpoint;
import dev.faithdiff.convert.file.Cast;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.RandomTensor;
import dev.faithdiff.convert.names.KeyNames;
import dev.faithdiff.model.Checksums;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.WholeFolder;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same model from every format it is released in: the same tensors, bit for bit. */
@Tag("full")
class FormatsTest {
    private static final Path TINY = TinyCheckpoint.PATH, SINGLE = TINY.resolve("sdxl-single-file.safetensors");

    @TempDir Path folder;

    private Path convert(String name, Object... flags) {
        Path target = folder.resolve(name);
        List<Object> words = new ArrayList<>(List.of("convert", "-o", target));
        words.addAll(List.of(flags));
        CommandLineRun run = CommandLineRun.of(Main::run, words.toArray());
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        return target;
    }

    private static void sameWeights(Path a, Path b) throws IOException {
        List<String> files = Checksums.names(a).stream().filter(f -> f.endsWith(".safetensors")).toList();
        assertThat(files).isNotEmpty();
        for (String f : files) assertThat(a.resolve(f)).as(f).hasSameBinaryContentAs(b.resolve(f));
    }

    @Test
    void singleFileIsTheFolder() throws IOException {
        Path ofFolder = convert("a", TINY);
        Path ofFile = convert("b", TINY, "--sdxl", SINGLE, "--config", TINY.resolve("sdxl"), "--tokenizer", TINY.resolve("sdxl"));
        sameWeights(ofFolder, ofFile);
        assertThat(CommandLineRun.of(Main::run, "diff", ofFolder, ofFile).code()).isZero();
        for (String f : Checksums.names(ofFolder)) {
            if (!f.equals("model.json")) assertThat(ofFolder.resolve(f)).as(f).hasSameBinaryContentAs(ofFile.resolve(f));
        }
    }

    @Test
    void ownVaeOfFolderAndSingleFileAreTheSame() throws IOException {
        Path sdxl = TINY.resolve("sdxl"), fine = TINY.resolve("FaithDiff.bin");
        Path ofFolder = convert("a", "--sdxl", sdxl, "--vae", sdxl.resolve("vae"), "--faithdiff", fine);
        Path ofFile = convert("b", "--sdxl", SINGLE, "--faithdiff", fine, "--config", sdxl, "--tokenizer", sdxl);
        Path ofParts = convert("c", "--sdxl", SINGLE, "--vae", SINGLE, "--faithdiff", fine, "--config", sdxl,
                "--tokenizer", sdxl.resolve("tokenizer"));
        sameWeights(ofFolder, ofFile);
        sameWeights(ofFolder, ofParts);
        assertThat(Config.read(ofParts.resolve("tokenizer_2/special_tokens_map.json")).text("pad_token")).isEqualTo("!");
        assertThat(Config.read(ofParts.resolve("tokenizer/special_tokens_map.json")).text("pad_token")).isEqualTo("<|endoftext|>");
    }

    @Test
    void vaeComesAsFileInBothLayouts() throws IOException {
        Path file = TINY.resolve("vae-fp16-fix/diffusion_pytorch_model.safetensors"), bare = folder.resolve("vae-only.safetensors");
        Path ofFolder = convert("a", TINY), ofFile = convert("b", TINY, "--vae", file);
        sameWeights(ofFolder, ofFile);
        assertThat(ofFile.resolve("vae/config.json")).hasSameBinaryContentAs(ofFolder.resolve("vae/config.json"));
        Path moved = Files.copy(file, folder.resolve("moved.safetensors"));
        sameWeights(ofFolder, convert("c", TINY, "--vae", moved)); // no config.json beside it
        try (SafeTensors single = SafeTensors.open(SINGLE)) {
            SafeTensors.write(bare, KeyNames.below("first_stage_model.", new LinkedHashMap<>(single.entries())).values(), Map.of());
        }
        Path sdxl = TINY.resolve("sdxl"), fine = TINY.resolve("FaithDiff.bin");
        Path own = convert("d", "--sdxl", sdxl, "--vae", sdxl.resolve("vae"), "--faithdiff", fine);
        sameWeights(own, convert("e", "--sdxl", sdxl, "--vae", bare, "--faithdiff", fine));
    }

    @Test
    void shardsLegacyAndZipHoldTheSameTensors() {
        Path variants = TINY.resolve("loader-variants");
        CommandLineRun shards = CommandLineRun.of(Main::run, "diff", variants.resolve("vae-sharded"), TINY.resolve("sdxl/vae"));
        assertThat(shards.out()).contains("106 tensors are equal, 0 differ").doesNotContain("only in " + variants);
        CommandLineRun legacy = CommandLineRun.of(Main::run, "diff", variants.resolve("faithdiff_extra_legacy.bin"), TINY.resolve("FaithDiff.bin"));
        assertThat(legacy.out()).contains("32 tensors are equal, 0 differ").doesNotContain("only in " + variants);
    }

    @Test
    void variantsAreFoundByName() throws IOException {
        Path copy = folder.resolve("copy");
        try (Stream<Path> walk = Files.walk(TINY.resolve("sdxl"))) {
            for (Path f : walk.filter(Files::isRegularFile).toList()) {
                Path to = copy.resolve(TINY.resolve("sdxl").relativize(f).toString().replace(".fp16.", "."));
                Files.createDirectories(to.getParent());
                Files.copy(f, to);
            }
        }
        try (Stream<Path> walk = Files.walk(copy)) { assertThat(walk.map(Path::toString)).noneMatch(f -> f.contains("fp16")); }
        sameWeights(convert("a", TINY), convert("b", TINY, "--sdxl", copy));
        Files.delete(copy.resolve("unet/diffusion_pytorch_model.safetensors")); // FaithDiff.bin holds every U-Net tensor
        sameWeights(folder.resolve("a"), convert("c", TINY, "--sdxl", copy));
    }

    @Test
    void everyElementTypeIsTaken() throws IOException {
        Path typed = folder.resolve("vae.safetensors"), half = folder.resolve("half.safetensors");
        List<DType> types = List.of(DType.F32, DType.F16, DType.BF16, DType.F8_E4M3, DType.F8_E5M2, DType.I8);
        try (SafeTensors vae = SafeTensors.open(TINY.resolve("vae-fp16-fix"))) {
            List<Source> mixed = new ArrayList<>(), expected = new ArrayList<>();
            int i = 0;
            for (SafeTensors.Entry e : vae.entries().values()) {
                DType t = types.get(i++ % types.size());
                byte[] small = new byte[(int) e.shape().count() * t.bytes()];
                for (int b = 0; b < small.length; b++) small[b] = (byte) (t.bytes() == 1 ? 40 + b % 8 : b % t.bytes() == t.bytes() - 1 ? 0x3c : 0);
                Source s = Source.of(e.name(), t, e.shape(), () -> MemorySegment.ofArray(small));
                mixed.add(s);
                expected.add(Cast.to(DType.F32, s));
            }
            SafeTensors.write(typed, mixed, Map.of());
            SafeTensors.write(half, expected, Map.of());
        }
        Path a = convert("a", TINY, "--vae", typed), b = convert("b", TINY, "--vae", half);
        assertThat(CommandLineRun.of(Main::run, "diff", a.resolve("vae"), b.resolve("vae")).out())
                .contains(count(half) + " tensors are equal, 0 differ");
        sameWeights(convert("c", TINY, "--vae", typed, "--dtype", "f32"), convert("d", TINY, "--vae", half, "--dtype", "f32"));
    }

    private static int count(Path file) {
        try (SafeTensors f = SafeTensors.open(file)) { return f.entries().size(); }
    }

    @Test
    void eightBitsAreForTheMatricesOfTheUnet() {
        Path model = convert("m", TINY, "--dtype", "f8_e4m3");
        try (SafeTensors unet = SafeTensors.open(model.resolve("unet")); SafeTensors vae = SafeTensors.open(model.resolve("vae"))) {
            unet.entries().values().forEach(e -> {
                boolean eight = e.shape().rank() > 1 && !e.name().startsWith("denoise_encoder.");
                assertThat(e.dtype()).as(e.name()).isEqualTo(eight ? DType.F8_E4M3 : DType.F16);
            });
            assertThat(vae.entries().values()).allMatch(e -> e.dtype() == DType.F16);
        }
        Path mixed = convert("n", TINY, "--dtype", "unet=bf16,vae=f32");
        try (SafeTensors unet = SafeTensors.open(mixed.resolve("unet")); SafeTensors vae = SafeTensors.open(mixed.resolve("vae"));
                SafeTensors text = SafeTensors.open(mixed.resolve("text_encoder"))) {
            assertThat(unet.entries().values()).allMatch(e -> e.dtype() == DType.BF16);
            assertThat(vae.entries().values()).allMatch(e -> e.dtype() == DType.F32);
            assertThat(text.entries().values()).allMatch(e -> e.dtype() == DType.F16);
        }
    }

    @Test
    void configurationOfASingleFileIsDerivedOrRefused() throws IOException {
        CommandLineRun run = CommandLineRun.of(Main::run, "convert", TINY, "--sdxl", SINGLE, "--tokenizer", TINY.resolve("sdxl"), "-o",
                folder.resolve("m"));
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("unet: its configuration cannot be derived").contains("widths [16, 16, 24] are not multiples of 64")
                .contains("--config");
        for (String part : List.of("unet", "vae", "text_encoder", "text_encoder_2")) {
            Map<String, Source> tensors = new LinkedHashMap<>();
            KeyLists.of(part).forEach((k, s) -> tensors.put(k, Source.of(k, DType.F16, s, () -> MemorySegment.NULL)));
            assertThat(DerivedConfig.of(part, tensors)).as(part).isEqualTo(Published.sdxl.config(part).json());
        }
        Map<String, Source> other = new LinkedHashMap<>();
        KeyLists.of("unet_sd21").forEach((k, s) -> other.put(k, Source.of(k, DType.F16, s, () -> MemorySegment.NULL)));
        assertThatThrownBy(() -> DerivedConfig.of("unet", other)).isInstanceOf(ConvertError.class)
                .hasMessageContaining("add_embedding.linear_1.weight is missing");
    }

    @Test
    void averagedCopiesAreDropped() throws IOException {
        Path file = folder.resolve("with-ema.safetensors");
        try (SafeTensors single = SafeTensors.open(SINGLE)) {
            List<Source> all = new ArrayList<>(single.entries().values());
            all.add(Source.of("model_ema.diffusion_modelinput_blocks00weight", DType.F16, Shape.of(1), () -> MemorySegment.ofArray(new byte[2])));
            SafeTensors.write(file, all, Map.of());
        }
        CommandLineRun run = CommandLineRun.of(Main::run, "convert", TINY, "--sdxl", file, "--tokenizer", TINY.resolve("sdxl"),
                "--config", TINY.resolve("sdxl"), "-o", folder.resolve("m"));
        assertThat(run.out()).contains("with-ema.safetensors: 1 tensors of averaged copies (EMA) dropped").contains("1 unused [denoiser.sigmas]");
        sameWeights(convert("a", TINY), folder.resolve("m"));
    }

    /** Converts a single file that lacks some tensors and has others. @param more names of further tensors */
    private CommandLineRun convertSingle(Predicate<String> keeps, String... more) throws IOException {
        Path file = folder.resolve("single.safetensors");
        try (SafeTensors single = SafeTensors.open(SINGLE)) {
            List<Source> all = new ArrayList<>(single.entries().values().stream().filter(e -> keeps.test(e.name())).toList());
            for (String name : more) all.add(Source.of(name, DType.F16, Shape.of(1), () -> MemorySegment.ofArray(new byte[2])));
            SafeTensors.write(file, all, Map.of());
        }
        return CommandLineRun.of(Main::run, "convert", TINY, "--sdxl", file, "--tokenizer", TINY.resolve("sdxl"), "--config",
                TINY.resolve("sdxl"), "-o", folder.resolve("m"), "--force");
    }

    @Test
    void aFileWithoutTextEncodersIsSaidToReadNoText() throws IOException {
        CommandLineRun none = convertSingle(name -> !name.startsWith("conditioner."));
        assertThat(none.out()).contains("text: single.safetensors has no text encoders, so the model reads no text and takes no prompt");
        Config numbers = Config.read(folder.resolve("m/model.json")).at("faithdiff");
        assertThat(numbers.flag("reads_text", true)).isFalse();
        assertThat(folder.resolve("m/text_encoder")).doesNotExist();
        CommandLineRun one = convertSingle(name -> !name.startsWith("conditioner.embedders.0."));
        assertThat(one.code()).isEqualTo(1);
        assertThat(one.err()).contains("text_encoder: text_model.embeddings.token_embedding.weight is missing");
        assertThat(convertSingle(name -> true).out()).doesNotContain("reads no text");
    }

    /** A weight below a module that the network has belongs to a larger network; whatever else a file holds is only noted. */
    @Test
    void unusedWeightsOfTheNetworksAreErrors() throws IOException {
        for (String name : List.of("model.diffusion_model.middle_block.9.weight",
                "conditioner.embedders.0.transformer.text_model.encoder.layers.77.mlp.fc1.bias")) {
            CommandLineRun run = convertSingle(n -> true, name);
            assertThat(run.code()).as(name).isEqualTo(1);
            assertThat(run.err()).contains("is not part of the model");
        }
        assertThat(convertSingle(n -> true, "loss.weight").out()).contains("2 unused [").contains("loss.weight");
    }

    @Test
    void nothingStaysOfAnInterruptedConversion() throws Exception {
        Thread[] worker = {null};
        Path target = folder.resolve("m");
        Throwable[] failure = {null};
        worker[0] = new Thread(() -> {
            try {
                WholeFolder.write(target, false, f -> {
                    Files.writeString(f.resolve("model.json"), "{}");
                    Thread.currentThread().interrupt();
                    SafeTensors.write(f.resolve("w.safetensors"), List.of(new RandomTensor("w", DType.F32, Shape.of(64, 64), 0, "")), Map.of());
                });
            } catch (Throwable e) {
                failure[0] = e;
            }
        });
        worker[0].start();
        worker[0].join();
        assertThat(failure[0]).hasMessageContaining("cannot be written");
        try (Stream<Path> left = Files.list(folder)) { assertThat(left).isEmpty(); }
        Files.createDirectories(folder.resolve(".m.partial-4194999/unet")); // a process id that no Linux gives
        WholeFolder.write(target, false, f -> Files.writeString(f.resolve("model.json"), "{}"));
        try (Stream<Path> left = Files.list(folder)) { assertThat(left).containsExactly(target); }
    }
}
