package dev.faithdiff.restore.stablesr;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.Fixtures;
import dev.faithdiff.convert.Main;
import dev.faithdiff.convert.system.WeightFile;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.clip.ClipConfig;
import dev.faithdiff.networks.clip.ClipTextEncoder;
import dev.faithdiff.networks.stablesr.FusingConfig;
import dev.faithdiff.networks.stablesr.FusingVae;
import dev.faithdiff.networks.stablesr.Spade;
import dev.faithdiff.networks.stablesr.StructureConfig;
import dev.faithdiff.networks.stablesr.StructureEncoder;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.networks.vae.VaeConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.onestep.TinyBase;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Model folders that the converter makes of the fixtures' files, where the set has them, and small ones that are drawn at random. */
final class TinyStableSr {
    static final Path CHECKPOINT = Fixtures.path("stablesr/checkpoint/stablesr_000117.ckpt");
    private static final Path AUTOENCODER = Fixtures.path("stablesr/checkpoint/vqgan_cfw_00011.ckpt"), FOLDER = Fixtures.path("sd21/diffusers");
    /** What no file of the fixtures tells of the drawn networks. */
    private static final StructureConfig STRUCTURE = new StructureConfig(4, new int[] {16, 32}, 1, 1, 4, 8, 6, 8);
    private static final String MODEL = """
            {"format": "faithdiff-jvm", "version": 1, "source": "drawn", "kind": "stablesr", "process_size": 64, "num_inference_steps": 3,
             "fusion_weight": 0.5, "color_fix": "adain", "fusion_blocks": 1, "fusion_growth": 4}""";

    /** What the project's own set lacks. */
    static final String CUT = "this set has only the structure encoder of the networks, since all are too large for the project's own";

    private TinyStableSr() {}

    /** Whether the set has all networks. */
    static boolean isWhole() { return Files.exists(AUTOENCODER); }

    /** The stored networks in F32, as the published implementation computes. @param velocity whether they are taken to predict velocities */
    static synchronized Path stored(Path dir, boolean velocity) {
        Path target = dir.resolve("model-" + velocity);
        if (Files.exists(target)) return target;
        try {
            Path release = Files.createDirectories(dir.resolve("release-" + velocity));
            Files.copy(CHECKPOINT, release.resolve(velocity ? "stablesr_768v_000139.ckpt" : "stablesr_000117.ckpt"));
            Files.copy(AUTOENCODER, release.resolve(AUTOENCODER.getFileName()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        assertThat(Main.run("convert", dir.resolve("release-" + velocity).toString(), "--tokenizer", FOLDER.resolve("tokenizer").toString(),
                "--config", FOLDER.toString(), "--dtype", "f32", "-o", target.toString())).isZero();
        assertThat(Main.run("verify", target.toString())).isZero();
        return target;
    }

    /** Some tensors of a file of the fixtures, as a file of their own. */
    static Path weights(Path target, UnaryTensors some) {
        try (WeightFile file = WeightFile.open(CHECKPOINT)) {
            SafeTensors.write(target, new ArrayList<>(some.of(file.tensors()).values()), Map.of());
        }
        return target;
    }

    /** Chooses and renames tensors. */
    @FunctionalInterface
    interface UnaryTensors {
        Map<String, Source> of(Map<String, Source> all);
    }

    /** A small model that is drawn at random. */
    static synchronized Path random(Path dir) {
        Path target = dir.resolve("model-random"), base = TinyBase.base(dir.resolve("base"));
        if (Files.exists(target)) return target;
        try {
            for (String folder : List.of("tokenizer", "scheduler")) copy(base.resolve(folder), Files.createDirectories(target.resolve(folder)));
            for (String part : List.of("unet", "vae", "text_encoder")) {
                Files.createDirectories(target.resolve(part));
                Files.copy(base.resolve(part).resolve("config.json"), target.resolve(part).resolve("config.json"));
            }
            Files.writeString(target.resolve("model.json"), MODEL);
            Files.writeString(Files.createDirectories(target.resolve("structure")).resolve("config.json"), STRUCTURE.json().toString());
            UNetConfig unet = UNetConfig.of(Config.read(target.resolve("unet/config.json")));
            VaeConfig vae = VaeConfig.of(Config.read(target.resolve("vae/config.json")));
            drawn(target, "unet", w -> new UNet(w, unet));
            drawn(target, "structure", w -> new StructureEncoder(w, STRUCTURE));
            drawn(target, "spade", w -> new Spade(w, unet, STRUCTURE));
            drawn(target, "vae", w -> new Vae(w, vae));
            drawn(target, "cfw", w -> new FusingVae(w, vae, new FusingConfig(1, 4)));
            drawn(target, "text_encoder", w -> new ClipTextEncoder(w, ClipConfig.of(Config.read(target.resolve("text_encoder/config.json")))));
            return target;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void drawn(Path model, String part, Consumer<Weights> network) throws IOException {
        Files.createDirectories(model.resolve(part));
        try (Weights w = Weights.init(part.hashCode(), Device.CPU)) {
            network.accept(w);
            w.save(model.resolve(part).resolve("model.safetensors"));
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path f : files.toList()) Files.copy(f, to.resolve(f.getFileName()));
        }
    }
}
