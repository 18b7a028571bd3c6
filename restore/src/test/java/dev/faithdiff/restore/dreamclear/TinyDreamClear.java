package dev.faithdiff.restore.dreamclear;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.convert.Main;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.dreamclear.DreamClearConfig;
import dev.faithdiff.networks.dreamclear.DreamClearNet;
import dev.faithdiff.networks.swinir.SwinIr;
import dev.faithdiff.networks.swinir.SwinIrConfig;
import dev.faithdiff.networks.t5.T5Config;
import dev.faithdiff.networks.t5.T5Encoder;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.networks.vae.VaeConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Device;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Model folders of the fixtures' files and, where the set lacks networks, of random ones of their sizes. */
public final class TinyDreamClear {
    static final String GROUP = "dreamclear/";
    private static final Path FILES = Fixtures.path(GROUP + "checkpoint");

    private TinyDreamClear() {}

    static JsonObject sizes() { return Fixtures.json(GROUP + "stages.json").getAsJsonObject("config"); }

    /** Whether the set has all networks; the project's own set lacks those that are too large for it. */
    static boolean isWhole() { return Files.exists(FILES.resolve("DreamClear-tiny.pth")); }

    /** The published networks, in F32, as the published implementation computes. */
    static synchronized Path stored(Path dir) {
        Path target = dir.resolve("stored");
        if (Files.exists(target)) return target;
        assertThat(Main.run("convert", FILES.toString(), "--dtype", "f32", "-o", target.toString())).isZero();
        assertThat(Main.run("verify", target.toString())).isZero();
        JsonObject net = Config.read(target.resolve("dit/config.json")).json();
        net.addProperty("heads", sizes().get("heads").getAsInt()); // heads do not show in shapes, and released ones have another width
        return write(target, "dit/config.json", net);
    }

    /** Random networks of the fixtures' sizes. */
    public static synchronized Path random(Path dir) {
        Path target = dir.resolve("random");
        if (Files.exists(target)) return target;
        JsonObject s = sizes(), model = new JsonObject(), cleaner = new JsonObject();
        int width = s.get("swin").getAsInt();
        cleaner.addProperty("width", width);
        cleaner.add("blocks", s.get("swin_depths"));
        cleaner.add("heads", s.getAsJsonArray("swin_heads").get(0));
        cleaner.addProperty("window", 8);
        cleaner.addProperty("mlp_width", 2 * width);
        cleaner.add("features", s.get("feat"));
        cleaner.addProperty("doublings", 3);
        model.addProperty("format", "faithdiff-jvm");
        model.addProperty("version", 1);
        model.addProperty("kind", "dreamclear");
        model.addProperty("source", "random");
        model.add("cleaner", cleaner);
        write(target, "model.json", model);
        DreamClearConfig net = new DreamClearConfig(s.get("hidden").getAsInt(), s.get("depth").getAsInt(), s.get("heads").getAsInt(), 4,
                s.get("cap").getAsInt(), s.get("max_len").getAsInt(), 4);
        write(target, "dit/config.json", net.json());
        drawn(target, "dit", w -> new DreamClearNet(w, net));
        Config vae = Config.read(FILES.resolve("sd-vae-ft-ema/config.json")), t5 = Config.read(FILES.resolve("t5-v1_1-tiny/config.json"));
        write(target, "vae/config.json", vae.json());
        drawn(target, "vae", w -> new Vae(w, VaeConfig.of(vae)));
        write(target, "t5/config.json", t5.json());
        drawn(target, "t5", w -> new T5Encoder(w, T5Config.of(t5)));
        drawn(target, "cleaner", w -> new SwinIr(w, SwinIrConfig.of(Config.of(target, cleaner.toString()))));
        try {
            Files.createDirectories(target.resolve("tokenizer"));
            Files.copy(FILES.resolve("t5-v1_1-tiny/spiece.model"), target.resolve("tokenizer/spiece.model"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return target;
    }

    private static void drawn(Path folder, String part, Consumer<Weights> network) {
        try (Weights w = Weights.init(11, Device.CPU)) {
            network.accept(w);
            Files.createDirectories(folder.resolve(part));
            w.save(folder.resolve(part).resolve("model.safetensors"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path write(Path folder, String name, JsonObject json) {
        try {
            Files.createDirectories(folder.resolve(name).getParent());
            Files.writeString(folder.resolve(name), json.toString());
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
