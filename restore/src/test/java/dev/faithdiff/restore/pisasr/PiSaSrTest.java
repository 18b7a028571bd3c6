package dev.faithdiff.restore.pisasr;

import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.pisasr.PiSaSr.PIXEL;
import static dev.faithdiff.restore.pisasr.PiSaSr.SEMANTIC;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.onestep.StoredOneStep;
import dev.faithdiff.restore.onestep.TinyBase;
import dev.faithdiff.restore.sd.AnyRestorer;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** PiSA-SR from its released file to the restored image, against the published implementation, and with random weights where there are none. */
@Tag("full")
class PiSaSrTest {
    private static final String STAGES = "pisasr/stages.safetensors";
    @TempDir static Path dir;

    static Set<String> runs() { return StoredOneStep.names("pisasr"); }

    private static SdModel published() {
        return SdModel.open(new ModelFolder(TinyBase.converted(dir, "pisasr/pisa_sr.pkl")), Compute.on(Device.CPU));
    }

    private static Path random() {
        return TinyBase.random(dir, "pisa_sr.pkl", List.of("default_encoder_pix", "default_encoder_sem"), null);
    }

    private static Options sliders(Options o, double pixel, double semantic) { return o.with(PIXEL, pixel).with(SEMANTIC, semantic); }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("runs")
    void givesThePublishedImage(String name) {
        try (SdModel model = published()) {
            StoredOneStep run = new StoredOneStep("pisasr", name, model, new PiSaSr(model));
            JsonObject s = run.settings();
            Options o = s.get("default").getAsBoolean() ? run.options()
                    : sliders(run.options(), s.get("lambda_pix").getAsDouble(), s.get("lambda_sem").getAsDouble());
            run.check(o, "decode_input", run.isVaeTiled());
        }
    }

    /** The predictions of both U-Nets, and their sums for some values of the sliders, which stand in the names. */
    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("runs")
    void slidersWeighBothParts(String any) {
        Fixtures f = Fixtures.open(STAGES);
        JsonObject errors = Fixtures.json("pisasr/pisasr.json").getAsJsonObject("files").getAsJsonObject("stages.safetensors")
                .getAsJsonObject("errors");
        try (SdModel model = published(); Scope _ = Scope.open()) {
            Fixtures.assertClose("empty text", model.text.encode("any").toFloats(), f.floats("prompt_embeds_empty"),
                    errors.getAsJsonObject("prompt_embeds_empty").get("suggested_atol").getAsDouble());
            Tensor x = Fixtures.tensor(f, "latents");
            PiSaSr system = new PiSaSr(model);
            List<String> sums = f.names().stream().filter(n -> n.startsWith("pred.lambda_pix")).toList();
            assertThat(sums).isNotEmpty();
            for (String name : sums) {
                String[] values = name.substring("pred.lambda_pix".length()).split(".lambda_sem");
                Options o = sliders(Options.defaults(), Double.parseDouble(values[0]), Double.parseDouble(values[1]));
                Denoiser network = system.denoiser(o, null, Listener.NONE);
                Fixtures.assertClose(name, x.sub(network.predict(x, null)), f, name,
                        errors.getAsJsonObject(name).get("suggested_atol").getAsDouble());
            }
        }
    }

    private static Image photo() {
        byte[] rgb = new byte[3 * 20 * 16];
        new Random(5).nextBytes(rgb);
        return Image.of(20, 16, rgb);
    }

    @Test void slidersWithRandomWeights() {
        try (Restorer r = Restorers.open(random(), Device.CPU)) {
            Options own = r.defaults().with(PROCESS_SIZE, 64);
            Image both = r.restore(photo(), own), nothing = r.restore(photo(), sliders(own, 0, 0));
            assertThat(both).hasToString("Image 80x64").isNotEqualTo(nothing);
            assertThat(r.restore(photo(), sliders(own, 1, 0))).isNotEqualTo(both).isNotEqualTo(nothing);
            assertThat(r.restore(photo(), sliders(own, 0, 1))).isNotEqualTo(both).isNotEqualTo(nothing);
            assertThat(r.restore(photo(), sliders(own, 0.999999, 1))).as("nearly equal")
                    .satisfies(i -> assertThat(farthest(i, both)).isLessThanOrEqualTo(1));
            assertThatThrownBy(() -> r.restore(photo(), own.with(PROMPT, "cat"))).hasMessage("this model has no prompt; leave it out");
            assertThat(r.restore(photo(), own.with(PROCESS_SIZE, 128))).as("seen larger, and shrunk").hasToString("Image 80x64").isNotEqualTo(both);
        }
    }

    private static int farthest(Image a, Image b) {
        int worst = 0;
        for (int i = 0; i < a.rgb().length; i++) worst = Math.max(worst, Math.abs((a.rgb()[i] & 0xff) - (b.rgb()[i] & 0xff)));
        return worst;
    }

    @Test void givesTheSameOnAnotherDevice() {
        AnyRestorer.givesTheSameOnAnotherDevice(random(), Resize.resize(photo(), 30, 20, Filter.BICUBIC),
                r -> sliders(r.defaults().with(PROCESS_SIZE, 64), 0.8, 1.4));
    }
}
