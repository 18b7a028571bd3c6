package dev.faithdiff.convert.names;

import static dev.faithdiff.Fixtures.tensor;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.KeyLists;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.Control;
import dev.faithdiff.networks.unet.Recorder;
import dev.faithdiff.networks.unet.Site;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The U-Net of Stable Diffusion 2.1 against the published implementation, from a checkpoint in the original layout. */
@Tag("full")
class Sd21UNetTest {
    private static final JsonObject FILES = Fixtures.json("sd21/sd21.json").getAsJsonObject("files");
    private static UNetConfig config;
    private static Weights weights;
    private static UNet unet;
    private Scope scope;

    @BeforeAll static void load() throws IOException {
        config = UNetConfig.of(Config.read(Fixtures.path("sd21/diffusers/unet/config.json")));
        weights = TorchWeights.open(Fixtures.path("sd21/ldm/v2-1_512-ema-pruned.ckpt"), file -> OriginalLayout.parts(file).get("unet"));
        unet = new UNet(weights, config);
        weights.done();
    }

    @AfterAll static void unload() { weights.close(); }

    @BeforeEach void open() { scope = Scope.open(); }

    @AfterEach void close() { scope.close(); }

    private static double atol(String file, String name) {
        return FILES.getAsJsonObject(file + ".safetensors").getAsJsonObject("errors").getAsJsonObject(name).get("suggested_atol").getAsDouble();
    }

    private static Tensor temb(float timestep, Tensor latents) {
        float[] all = new float[latents.size(0)];
        Arrays.fill(all, timestep);
        return unet.time().forward(all, latents);
    }

    @Test void predictions() {
        Fixtures f = Fixtures.open("sd21/unet.safetensors");
        Tensor latents = tensor(f, "latents");
        Context text = new Context(tensor(f, "context"));
        List<String> names = f.names().stream().filter(n -> n.matches("t\\d+")).toList();
        assertThat(names).isNotEmpty();
        for (String name : names) {
            Tensor out = unet.denoise(unet.embed(latents), temb(Float.parseFloat(name.substring(1)), latents), text);
            Fixtures.assertClose(name, out, f, name, atol("unet", name));
        }
    }

    /** Each block's result, seen at the sites where a control could act. */
    @Test void blocks() {
        Fixtures f = Fixtures.open("sd21/unet_trace.safetensors");
        String note = FILES.getAsJsonObject("unet_trace.safetensors").get("note").getAsString();
        float timestep = Float.parseFloat(note.replaceAll("(?s).*?\\bt (\\d+).*", "$1"));
        Tensor latents = tensor(f, "latents"), temb = temb(timestep, latents);
        Fixtures.assertClose("time_embed", temb.toFloats(), silu(f, "time_embed"), atol("unet_trace", "time_embed"));

        Recorder recorder = new Recorder(Control.NONE);
        Tensor out = unet.denoise(unet.embed(latents), temb, recorder, List.of(new Context(tensor(f, "context"))));
        Fixtures.assertClose("out", out, f, "out", atol("unet_trace", "out"));
        recorder.check(new Site.Middle(), f, "middle_block", atol("unet_trace", "middle_block"));
        int last = config.channels().length - 1, perLevel = config.layers() + 1, blocks = perLevel * config.channels().length;
        for (int i = 0; i < blocks; i++) {
            recorder.check(new Site.Skip(i), f, "input_blocks." + i, atol("unet_trace", "input_blocks." + i));
            Site up = Recorder.up(config, last - i / perLevel, i % perLevel);
            recorder.check(up, f, "output_blocks." + i, atol("unet_trace", "output_blocks." + i));
        }
    }

    /** The fixture has the embedding before the SiLU that all resnets share. */
    private static float[] silu(Fixtures f, String name) { return Tensor.of(f.floats(name), f.shape(name).toArray()).silu().toFloats(); }

    @Test void takesThePublishedKeys() {
        Map<String, Shape> keys = KeyLists.of("unet_sd21");
        assertThat(keys.values().stream().mapToLong(Shape::count).sum()).isEqualTo(865_910_724);
        try (Weights w = Weights.shapes("v2-1_512-ema-pruned.ckpt", keys)) {
            new UNet(w, UNetConfig.SD21);
            assertThat(w.done().parameters("")).hasSize(keys.size());
        }
    }
}
