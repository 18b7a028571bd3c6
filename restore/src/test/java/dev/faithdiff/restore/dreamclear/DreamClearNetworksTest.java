package dev.faithdiff.restore.dreamclear;

import static dev.faithdiff.restore.dreamclear.TinyDreamClear.GROUP;

import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.KeyLists;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.NetworkBattery;
import dev.faithdiff.networks.NetworkBattery.Build;
import dev.faithdiff.networks.NetworkBattery.Released;
import dev.faithdiff.networks.NetworkBattery.Stored;
import dev.faithdiff.networks.dreamclear.DreamClearConfig;
import dev.faithdiff.networks.dreamclear.DreamClearNet;
import dev.faithdiff.networks.t5.T5Config;
import dev.faithdiff.networks.t5.T5Encoder;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** DreamClear's network and T5 as every network is tested. */
@Tag("full")
class DreamClearNetworksTest {
    private static final String KEYS = GROUP + "full_size_keys.json.gz";
    private static final T5Config XXL = new T5Config(4096, 24, 64, 64, 10240, 32128, 32, 1e-6f);
    private static final int CAPTION = 120, SIDE = 128;
    @TempDir static Path dir;

    private static double atol(String file, String name) {
        JsonObject facts = Fixtures.json(GROUP + "stages.json").getAsJsonObject("files").getAsJsonObject(file + ".safetensors");
        return facts.getAsJsonObject("errors").getAsJsonObject(name).get("suggested_atol").getAsDouble();
    }

    /** The first stored caption's own tokens. */
    @TestFactory DynamicNode t5() throws IOException {
        Path folder = Fixtures.path(GROUP + "checkpoint/t5-v1_1-tiny");
        T5Config c = T5Config.of(Config.read(folder.resolve("config.json")));
        Fixtures f = Fixtures.open(GROUP + "stages/t5.safetensors");
        int length = f.shape("ids").size(1), tokens = (int) Arrays.stream(f.longs("mask"), 0, length).sum();
        int rows = Math.min(tokens, f.shape("last_hidden_state").size(1));
        Stored stored = new Stored(Arrays.copyOf(f.floats("last_hidden_state"), rows * c.width()), atol("t5", "last_hidden_state"));
        Map<String, Shape> released = KeyLists.packed(KEYS, "t5-v1_1-xxl (encoder)");
        return new NetworkBattery("T5", TinyT5.file(folder), t5(c, rows),
                () -> new Tensor[] {Tensor.of(Arrays.copyOf(f.longs("ids"), tokens), 1, tokens)}, stored,
                new Released(released, t5(XXL, CAPTION), List.of(Shape.of(1, CAPTION)), 39_000_000)).tests();
    }

    /** Token ids. @param rows of the states that count */
    private static Build t5(T5Config c, int rows) {
        return w -> {
            T5Encoder encoder = new T5Encoder(w, c);
            return in -> encoder.forward(in[0]).slice(1, 0, rows);
        };
    }

    /** Both rows of a step. */
    @TestFactory Stream<DynamicNode> dit() {
        if (!TinyDreamClear.isWhole()) return Stream.of();
        Path folder = TinyDreamClear.stored(dir).resolve("dit");
        Fixtures f = Fixtures.open(GROUP + "stages/dit_trace.safetensors");
        int tokens = (int) Arrays.stream(f.longs("mask")).sum(), width = f.shape("caption_embedding").size(f.shape("caption_embedding").rank() - 1);
        Map<String, Shape> released = KeyLists.packed(KEYS, "DreamClear-1024.pth");
        DreamClearConfig full = DreamClearConfig.of(new NamedShapes(released));
        released.remove(DreamClearNet.POSITIONS);
        Shape latents = Shape.of(1, SIDE, SIDE, 4);
        List<Shape> inputs = List.of(Shape.of(2, SIDE, SIDE, 4), latents, latents, Shape.of(1, CAPTION, full.textWidth()));
        DreamClearConfig small = DreamClearConfig.of(Config.read(folder.resolve("config.json")));
        return Stream.of(new NetworkBattery("DreamClear", folder.resolve("model.safetensors"), dit(small),
                () -> new Tensor[] {Fixtures.tensor(f, "x"), Fixtures.tensor(f, "c_lq"), Fixtures.tensor(f, "c_pre"),
                    Tensor.of(Arrays.copyOf(f.floats("caption_embedding"), tokens * width), 1, tokens, width)},
                Stored.of(f, "out", atol("dit_trace", "out")), new Released(released, dit(full), inputs, 750_000_000)).tests());
    }

    /** Noisy latents of both rows, latents of the photo and of the cleaned photo, states of a caption. */
    private static Build dit(DreamClearConfig c) {
        return w -> {
            DreamClearNet net = new DreamClearNet(w, c);
            return in -> net.forward(in[0], 500, net.text(in[3]), net.condition(in[1], in[2]));
        };
    }
}
