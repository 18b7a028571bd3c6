package dev.faithdiff.restore.diffbir;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.Fixtures;
import dev.faithdiff.convert.Main;
import dev.faithdiff.convert.names.OriginalLayout;
import dev.faithdiff.convert.system.WeightFile;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.rrdb.RrdbConfig;
import dev.faithdiff.networks.rrdb.RrdbNet;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.networks.vae.VaeConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Model folders of the fixtures' files, which get the released names of a version. Networks that the set lacks, since they are too large for the
 * project's own, are drawn at random: what hangs on them is then not compared.
 */
final class TinyDiffBir {
    static final Path BASE = Fixtures.path("sd21/ldm/v2-1_512-ema-pruned.ckpt"), FOLDER = Fixtures.path("sd21/diffusers");
    private static final Path CHECKPOINT = Fixtures.path("diffbir/checkpoint");
    /** By version: the names of the IRControlNet, the base and the cleaner. */
    private static final Map<String, List<String>> RELEASED = Map.of(
            "v1", List.of("v1_general.pth", "v2-1_512-ema-pruned.ckpt", "general_swinir_v1.ckpt"),
            "v2", List.of("v2.pth", "v2-1_512-ema-pruned.ckpt", "BSRNet.pth"),
            "v2.1", List.of("DiffBIR_v2.1.pt", "sd2.1-base-zsnr-laionaes5.ckpt", "realesrgan_s4_swinir_100k.pth"));

    private TinyDiffBir() {}

    /** Whether the set has the autoencoder's weights. */
    static boolean hasVae() {
        try (WeightFile file = WeightFile.open(BASE)) {
            return file.tensors().keySet().stream().anyMatch(k -> k.contains("first_stage_model."));
        }
    }

    /** Whether the set has the network that cleans photos for a version. */
    static boolean hasCleaner(String version) { return Files.exists(cleaner(version)); }

    private static Path cleaner(String version) { return CHECKPOINT.resolve(version.equals("v2") ? "BSRNet.pth" : "realesrgan_s4_swinir_100k.pth"); }

    /** The model folder of a version, in F32, as the published implementation computes. */
    static synchronized Path folder(Path dir, String version) {
        Path target = dir.resolve("model-" + version);
        if (Files.exists(target)) return target;
        try {
            List<String> names = RELEASED.get(version);
            Path release = Files.createDirectories(dir.resolve("release-" + version));
            Files.copy(CHECKPOINT.resolve("v2.pth"), release.resolve(names.get(0)));
            if (hasCleaner(version)) Files.copy(cleaner(version), release.resolve(names.get(2)));
            else bsrNet(release.resolve(names.get(2)));
            List<String> convert = new ArrayList<>(List.of("convert", release.toString(), "--dtype", "f32", "-o", target.toString()));
            if (hasVae()) {
                Files.copy(BASE, release.resolve(names.get(1)));
                convert.addAll(List.of("--tokenizer", FOLDER.resolve("tokenizer").toString(), "--config", FOLDER.toString()));
            } else {
                convert.addAll(List.of("--base", base(dir.resolve("base")).toString()));
            }
            assertThat(Main.run(convert.toArray(String[]::new))).isZero();
            assertThat(Main.run("verify", target.toString())).isZero();
            return target;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void bsrNet(Path file) throws IOException {
        Path drawn = file.resolveSibling("drawn.safetensors");
        try (Weights w = Weights.init(5, Device.CPU)) {
            new RrdbNet(w, new RrdbConfig(4, 8, 4, 1));
            w.save(drawn);
        }
        Files.move(drawn, file);
    }

    /** The fixtures' U-Net and text encoder with an autoencoder drawn at random, as a diffusers folder. */
    private static Path base(Path base) throws IOException {
        if (Files.exists(base)) return base;
        try (Stream<Path> all = Files.walk(FOLDER)) {
            for (Path from : all.filter(Files::isRegularFile).toList()) {
                Path to = base.resolve(FOLDER.relativize(from).toString());
                Files.createDirectories(to.getParent());
                Files.copy(from, to);
            }
        }
        try (WeightFile file = WeightFile.open(BASE)) {
            Map<String, Source> inside = new LinkedHashMap<>();
            file.tensors().forEach((name, t) -> inside.put(name.replaceFirst("^state_dict\\.", ""), t));
            Map<String, Map<String, Source>> parts = OriginalLayout.parts(inside);
            for (String part : List.of("unet", "text_encoder")) {
                SafeTensors.write(base.resolve(part + "/model.safetensors"), List.copyOf(parts.get(part).values()), Map.of());
            }
        }
        Config vae = Config.read(base.resolve("vae/config.json"));
        try (Weights w = Weights.init(7, Device.CPU)) {
            new Vae(w, VaeConfig.of(vae));
            w.save(base.resolve("vae/model.safetensors"));
        }
        return base;
    }
}
