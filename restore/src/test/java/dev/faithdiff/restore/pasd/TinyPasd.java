package dev.faithdiff.restore.pasd;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.convert.Main;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.pasd.PhotoEmbedding;
import dev.faithdiff.networks.pasd.PixelAttention;
import dev.faithdiff.networks.unet.ControlNet;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.onestep.TinyBase;
import dev.faithdiff.tensor.Device;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Model folders that the converter makes of the fixtures' files and, where the set lacks networks, of random ones of their sizes. */
final class TinyPasd {
    private static final Path RELEASED = Fixtures.path("pasd/pasd"), BASE = Fixtures.path("pasd/stable-diffusion-v1-5"),
            VAE = Fixtures.path("osediff/sd21-base/vae");

    private TinyPasd() {}

    /** Whether the set has all networks; the project's own set lacks those that are too large for it. */
    static boolean isWhole() { return Files.exists(BASE.resolve("text_encoder")) && Files.exists(VAE); }

    /** The published networks, in F32, as the published implementation computes. */
    static synchronized Path stored(Path dir) {
        Path target = dir.resolve("model-stored"), base = dir.resolve("stable-diffusion-v1-5");
        if (Files.exists(target)) return target;
        copy(BASE, base);
        copy(VAE, base.resolve("vae"));
        return converted(RELEASED, base, target);
    }

    /** Random networks of the fixtures' sizes, of either variant. */
    static synchronized Path random(Path dir, boolean dense) {
        Path target = dir.resolve("model-random-" + dense), files = dir.resolve("checkpoint-" + dense);
        if (Files.exists(target)) return target;
        for (String network : new String[] {"unet", "controlnet"}) drawn(network, files.resolve(network), dense);
        return converted(dir.resolve("checkpoint-" + dense), TinyBase.base(dir.resolve("base")), target);
    }

    private static void drawn(String network, Path folder, boolean dense) {
        Path file = RELEASED.resolve(network).resolve("config.json");
        JsonObject json = Config.read(file).json();
        json.addProperty("use_rrdb", dense);
        Config c = Config.of(file, json.toString());
        try (Weights w = Weights.init(5, Device.CPU)) {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("config.json"), json.toString());
            if (network.equals("unet")) {
                new UNet(w, UNetConfig.of(c));
                new PixelAttention(w, UNetConfig.of(c));
            } else {
                new ControlNet(w, UNetConfig.of(c));
                PhotoEmbedding.of(w, c);
            }
            w.save(folder.resolve("diffusion_pytorch_model.safetensors"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path converted(Path files, Path base, Path target) {
        assertThat(Main.run("convert", files.toString(), "--base", base.toString(), "--dtype", "f32", "-o", target.toString())).isZero();
        assertThat(Main.run("verify", target.toString())).isZero();
        return target;
    }

    private static void copy(Path from, Path to) {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path p : all.filter(Files::isRegularFile).toList()) {
                Path target = to.resolve(from.relativize(p).toString());
                Files.createDirectories(target.getParent());
                Files.copy(p, target);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
