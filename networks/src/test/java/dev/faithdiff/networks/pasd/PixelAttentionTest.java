package dev.faithdiff.networks.pasd;

import static dev.faithdiff.Fixtures.tensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.faithdiff.Fixtures;
import dev.faithdiff.KeyLists;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.Control;
import dev.faithdiff.networks.unet.ControlNet;
import dev.faithdiff.networks.unet.HintEmbedding;
import dev.faithdiff.networks.unet.Recorder;
import dev.faithdiff.networks.unet.Residuals;
import dev.faithdiff.networks.unet.Site;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What PASD adds to Stable Diffusion, against the published implementation. A set with the whole U-Net tests that, too. */
@Tag("full")
class PixelAttentionTest {
    /** The timestep of the stages, which the fixtures do not store: of 0 to 999 the one at which PASD's residuals agree. */
    private static final float TIME = 600;
    private static final String STAGES = "stages.safetensors", DENSE = "cond_embedding_rrdb";
    private final Fixtures f = Fixtures.open("pasd/" + STAGES);
    private final UNetConfig sizes = UNetConfig.of(config("unet"));
    private final int last = sizes.channels().length - 1;
    private Scope scope;

    @BeforeEach void open() { scope = Scope.open(); }

    @AfterEach void close() { scope.close(); }

    private static Config config(String network) { return Config.read(Fixtures.path("pasd/pasd/" + network + "/config.json")); }

    private static Weights weights(String network) { return Weights.open(Fixtures.path("pasd/pasd/" + network), Device.CPU); }

    private static double atol(String file, String name) {
        JsonObject errors = Fixtures.json("pasd/pasd.json").getAsJsonObject("files").getAsJsonObject(file).getAsJsonObject("errors");
        return errors.getAsJsonObject(name).get("suggested_atol").getAsDouble();
    }

    private void check(String name, Tensor actual) { Fixtures.assertClose(name, actual, f, name, atol(STAGES, name)); }

    private static Tensor image() {
        Image in = ImageFiles.read(Fixtures.path("pasd/stage_image.png"));
        return in.toTensor().affine(0.5f, 0.5f); // 0..1
    }

    @Test void embedsThePhoto() { check("control.cond_embedding", PhotoEmbedding.of(weights("controlnet"), config("controlnet")).forward(image())); }

    @Test void embedsThePhotoWithDenseBlocks() {
        Fixtures stored = Fixtures.open("pasd/" + DENSE + ".safetensors");
        JsonObject json = config("controlnet").json().deepCopy();
        json.addProperty("use_rrdb", true);
        json.getAsJsonArray("block_out_channels").set(0, new JsonPrimitive(stored.shape("embedding").size(1)));
        Weights w = Weights.open(Fixtures.path("pasd/" + DENSE + "_weights.safetensors"), Device.CPU);
        HintEmbedding dense = PhotoEmbedding.of(w, Config.of(Fixtures.path("pasd"), json.toString()));
        assertThat(w.parameters("controlnet_cond_embedding.preprocesser.")).hasSize(Fixtures.json("pasd/pasd.json").getAsJsonObject("full_size")
                .getAsJsonObject("pasd_rrdb extra").get("count").getAsInt());
        Fixtures.assertClose("embedding", dense.forward(tensor(stored, "x")), stored, "embedding", atol(DENSE + ".safetensors", "embedding"));
    }

    /** The first attention of each level for its stored input. */
    @Test void attendsToResiduals() {
        List<Tensor> skips = new ArrayList<>();
        for (int i = 0; f.has(residual(i)); i++) skips.add(tensor(f, residual(i)));
        Control attention = new PixelAttention(weights("unet"), sizes).to(new Residuals(skips, tensor(f, "control.residual.mid")));
        int checked = 0;
        for (int i = 0; i <= last; i++) {
            String block = "unet.up." + i + ".", in = f.has(block + "attention0") ? "attention0" : "resnet0";
            if (f.shape(block + in).size(1) < sizes.channels()[last - i]) continue; // the first channels only
            check(block + "pixel_attention0", attention.at(new Site.Layer(Site.Part.UP, last - i, 0), tensor(f, block + in)));
            checked++;
        }
        assertThat(checked).isPositive();
    }

    private static String residual(int i) { return String.format("control.residual.%02d", i); }

    @Test void takesTheReleasedTensors() {
        UNetConfig full = new UNetConfig(4, 4, new int[] {320, 640, 1280, 1280}, 2, sizes.time(), sizes.transformers(), UNetConfig.SD21.norm());
        Map<String, Shape> released = new LinkedHashMap<>(KeyLists.of("unet_pasd"));
        released.keySet().removeIf(k -> !k.contains(".pixel_attentions."));
        try (Weights w = Weights.shapes("PASD", released)) {
            new PixelAttention(w, full);
            assertThat(w.done().published()).isEqualTo(released);
        }
    }

    private UNet unet(Weights w) {
        assumeTrue(w.has("conv_in.weight"), "this set has a part of the U-Net");
        return new UNet(w, sizes);
    }

    private static float[] all(float timestep, int rows) {
        float[] all = new float[rows];
        Arrays.fill(all, timestep);
        return all;
    }

    /** The U-Net's answer for rows of the stored text. @param recorder sees what the U-Net has before the control; null: nobody does */
    private Tensor predict(float timestep, float scale, int from, int to, Recorder[] recorder) {
        Weights w = weights("unet"), c = weights("controlnet");
        UNet unet = unet(w);
        PixelAttention attention = new PixelAttention(w, sizes);
        w.done();
        ControlNet control = new ControlNet(c, UNetConfig.of(config("controlnet")));
        Tensor latents = tensor(f, "latents"), steered = control.embed(latents).add(PhotoEmbedding.of(c, config("controlnet")).forward(image()));
        List<Context> text = List.of(new Context(tensor(f, "prompt_embeds").slice(0, from, to)));
        float[] times = all(timestep, to - from);
        Control steering = attention.to(control.forward(steered, control.time().forward(times, latents), text).times(scale));
        if (recorder != null) recorder[0] = new Recorder(steering);
        return unet.denoise(unet.embed(latents), unet.time().forward(times, latents), recorder == null ? steering : recorder[0], text);
    }

    @Test void predicts() {
        check("unet.eps_both_rows", predict(TIME, 1, 0, 2, null));
        List<String> scaled = f.names().stream().filter(n -> n.matches("unet\\.eps_t\\d+_conditioning_scale_.*")).toList();
        assertThat(scaled).isNotEmpty();
        for (String name : scaled) {
            String[] numbers = name.substring("unet.eps_t".length()).split("_conditioning_scale_");
            check(name, predict(Float.parseFloat(numbers[0]), Float.parseFloat(numbers[1]), 1, 2, null));
        }
    }

    @Test void hasThePublishedFeatures() {
        Recorder[] seen = new Recorder[1];
        predict(TIME, 1, 1, 2, seen);
        for (int i = 0; i <= last; i++) {
            String up = "unet.up." + i;
            seen[0].check(Recorder.down(sizes, i), f, "unet.down." + i, atol(STAGES, "unet.down." + i));
            if (i < last) seen[0].check(Recorder.up(sizes, last - i, sizes.layers()), f, up, atol(STAGES, up));
            String in = f.has(up + ".attention0") ? up + ".attention0" : up + ".resnet0";
            seen[0].check(new Site.Layer(Site.Part.UP, last - i, 0), f, in, atol(STAGES, in));
        }
        seen[0].check(new Site.Middle(), f, "unet.mid_before_residual", atol(STAGES, "unet.mid_before_residual"));
    }
}
