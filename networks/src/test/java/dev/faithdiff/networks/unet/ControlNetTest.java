package dev.faithdiff.networks.unet;

import static dev.faithdiff.Fixtures.tensor;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.unet.UNetConfig.Kind;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * ControlNets and what their residuals do to a U-Net, against the published implementations: SeeSR's, whose networks attend to an image
 * too, and PASD's, whose transformers have convolutions as projections.
 */
@Tag("full")
class ControlNetTest {
    /** The timesteps of the stages, which the fixtures do not store: of 0 to 999 the one at which PASD's residuals agree, 500 at once for SeeSR. */
    private static final float SEESR_TIME = 500, PASD_TIME = 600;
    private static final Kind IMAGE_OF_SEESR = Kind.image(Fixtures.open("seesr/stages.safetensors").shape("ram_embeds").size(2));
    private Scope scope;

    @BeforeEach void open() { scope = Scope.open(); }

    @AfterEach void close() { scope.close(); }

    private static double atol(String system, String name) {
        JsonObject errors = Fixtures.json(system + "/" + system + ".json").getAsJsonObject("files").getAsJsonObject("stages.safetensors")
                .getAsJsonObject("errors");
        return errors.getAsJsonObject(name).get("suggested_atol").getAsDouble();
    }

    /** A network of a fixture, with its configuration. */
    private record Part(UNetConfig sizes, Config json, Weights weights) {
        static Part open(String folder) {
            Path path = Fixtures.path(folder);
            Config json = Config.read(path.resolve("config.json"));
            return new Part(UNetConfig.of(json), json, Weights.open(path, Device.CPU));
        }

        Part with(Kind more) { return new Part(sizes.with(more), json, weights); }

        HintEmbedding hint() {
            return new HintEmbedding(weights.at("controlnet_cond_embedding"), json.integers("conditioning_embedding_out_channels"),
                    sizes.channels()[0]);
        }
    }

    private static Tensor image(String file) {
        Image in = ImageFiles.read(Fixtures.path(file));
        return in.toTensor().affine(0.5f, 0.5f); // 0..1
    }

    private static float[] all(float timestep, int rows) {
        float[] all = new float[rows];
        Arrays.fill(all, timestep);
        return all;
    }

    private static void checkResiduals(String system, Residuals r) {
        Fixtures f = Fixtures.open(system + "/stages.safetensors");
        for (int i = 0; i < r.skips().size(); i++) {
            String name = String.format("control.residual.%02d", i);
            Fixtures.assertClose(name, r.skips().get(i), f, name, atol(system, name));
        }
        Fixtures.assertClose("middle", r.middle(), f, "control.residual.mid", atol(system, "control.residual.mid"));
    }

    @Test void residualsOfPasd() {
        Fixtures f = Fixtures.open("pasd/stages.safetensors");
        Part part = Part.open("pasd/pasd/controlnet");
        HintEmbedding hint = part.hint();
        ControlNet control = new ControlNet(part.weights, part.sizes);
        Set<String> unused = new HashSet<>(Fixtures.open("pasd/pasd/controlnet").names());
        unused.removeAll(part.weights.parameters("").keySet());
        assertThat(unused).allMatch(key -> key.contains(".to_rgbs."), "is a side output for training");
        Tensor embedded = hint.forward(image("pasd/stage_image.png"));
        Fixtures.assertClose("hint", embedded, f, "control.cond_embedding", atol("pasd", "control.cond_embedding"));
        Tensor latents = tensor(f, "latents"), temb = control.time().forward(all(PASD_TIME, 1), latents);
        checkResiduals("pasd", control.forward(control.embed(latents).add(embedded), temb,
                List.of(new Context(tensor(f, "prompt_embeds").slice(0, 1, 2)))));
    }

    /** SeeSR's two networks, and its inputs for the rows of a prompt. */
    private record SeeSr(Fixtures f, UNetConfig sizes, UNet unet, ControlNet control, HintEmbedding hint) {
        static SeeSr open() {
            Part unet = Part.open("seesr/seesr/unet").with(IMAGE_OF_SEESR), control = Part.open("seesr/seesr/controlnet").with(IMAGE_OF_SEESR);
            SeeSr s = new SeeSr(Fixtures.open("seesr/stages.safetensors"), unet.sizes, new UNet(unet.weights, unet.sizes),
                    new ControlNet(control.weights, control.sizes), control.hint());
            unet.weights.done();
            control.weights.done();
            return s;
        }

        List<Context> contexts(int from, int to) {
            Tensor image = tensor(f, "ram_embeds"), rows = image;
            for (int i = from + 1; i < to; i++) rows = rows.concat(0, image);
            return List.of(new Context(tensor(f, "prompt_embeds").slice(0, from, to)), new Context(rows));
        }

        Residuals residuals(float timestep, int from, int to) {
            Tensor latents = tensor(f, "latents"), temb = control.time().forward(all(timestep, to - from), latents);
            return control.forward(control.embed(latents).add(hint.forward(image("seesr/stage_image.png"))), temb, contexts(from, to));
        }

        Tensor predict(float timestep, Control control, int from, int to) {
            Tensor latents = tensor(f, "latents"), temb = unet.time().forward(all(timestep, to - from), latents);
            return unet.denoise(unet.embed(latents), temb, control, contexts(from, to));
        }

        void check(String name, Tensor actual) { Fixtures.assertClose(name, actual, f, name, atol("seesr", name)); }
    }

    @Test void residualsOfSeeSr() {
        SeeSr seesr = SeeSr.open();
        seesr.check("control.cond_embedding", seesr.hint.forward(image("seesr/stage_image.png")));
        checkResiduals("seesr", seesr.residuals(SEESR_TIME, 1, 2));
    }

    @Test void controlledUNet() {
        SeeSr seesr = SeeSr.open();
        seesr.check("unet.eps_without_control", seesr.predict(SEESR_TIME, Control.NONE, 1, 2));
        seesr.check("unet.eps_both_rows", seesr.predict(SEESR_TIME, seesr.residuals(SEESR_TIME, 0, 2), 0, 2));
        List<String> scaled = seesr.f.names().stream().filter(n -> n.matches("unet\\.eps_t\\d+_conditioning_scale_.*")).toList();
        assertThat(scaled).isNotEmpty();
        for (String name : scaled) {
            String[] numbers = name.substring("unet.eps_t".length()).split("_conditioning_scale_");
            float t = Float.parseFloat(numbers[0]);
            seesr.check(name, seesr.predict(t, seesr.residuals(t, 1, 2).times(Float.parseFloat(numbers[1])), 1, 2));
        }
    }

    @Test void blocksOfTheControlledUNet() {
        SeeSr seesr = SeeSr.open();
        Recorder recorder = new Recorder(seesr.residuals(SEESR_TIME, 1, 2));
        seesr.predict(SEESR_TIME, recorder, 1, 2);
        int levels = seesr.sizes.channels().length;
        for (int i = 0; i < levels; i++) {
            recorder.check(Recorder.down(seesr.sizes, i), seesr.f, "unet.down." + i, atol("seesr", "unet.down." + i));
            recorder.check(Recorder.up(seesr.sizes, levels - 1 - i, seesr.sizes.layers()), seesr.f, "unet.up." + i, atol("seesr", "unet.up." + i));
        }
        recorder.check(new Site.Middle(), seesr.f, "unet.mid_before_residual", atol("seesr", "unet.mid_before_residual"));
        recorder.check(new Site.Layer(Site.Part.DOWN, 1, 1), seesr.f, "unet.down.1.image_attention1", atol("seesr", "unet.down.1.image_attention1"));
    }
}
