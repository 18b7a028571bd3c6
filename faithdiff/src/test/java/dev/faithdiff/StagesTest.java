package dev.faithdiff;

import static dev.faithdiff.Fixtures.tensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.Sinusoid;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Every stage of the tiny model against the published implementation, at the tolerances stored beside its outputs. */
@Tag("full")
class StagesTest {
    private static final JsonObject FILES = Fixtures.json("stages/stages.json").getAsJsonObject("files");

    private final Model model = TinyModel.model();
    private Scope scope;

    @BeforeEach void open() { scope = Scope.open(); }

    @AfterEach void close() { scope.close(); }

    private static Fixtures file(String name) { return Fixtures.open("stages/" + name + ".safetensors"); }

    private static double atol(String file, String name) {
        return FILES.getAsJsonObject(file + ".safetensors").getAsJsonObject("errors").getAsJsonObject(name).get("suggested_atol").getAsDouble();
    }

    private static void check(String file, String name, Tensor actual) {
        Fixtures.assertClose(file + " " + name, actual, file(file), name, atol(file, name));
    }

    /** The timestep that a file's note names as {@code t=N}. */
    private static float timestep(String file) {
        String note = FILES.getAsJsonObject(file + ".safetensors").get("note").getAsString();
        return Float.parseFloat(note.replaceAll("(?s).*?\\bt=(\\d+).*", "$1"));
    }

    private static Tensor image(String png) {
        Image in = ImageFiles.read(Fixtures.path("stages").resolve(png));
        return in.toTensor();
    }

    @Test void imageIsPreparedAsPublished() {
        Fixtures f = file("image");
        int rows = f.shape("x_rows_0_16").size(2);
        assertThat(image("image.png").slice(1, 0, rows).toFloats()).isEqualTo(f.nhwc("x_rows_0_16"));
    }

    @Test void lqEncoder() {
        Trace trace = new Trace();
        check("lq_encoder", "features", trace.of(() -> model.unet.features(image("image.png"))));
        trace.checkAll("lq_encoder", Map.of());
    }

    @Test void vae() {
        Tensor parameters = model.vae.encode(image("image.png"));
        check("vae", "parameters", parameters);
        Vae.Gaussian g = Vae.Gaussian.of(parameters);
        check("vae", "mean", g.mean());
        check("vae", "logvar", g.logVariance());
        Fixtures f = file("vae");
        Tensor sample = g.sample(tensor(f, "noise"));
        check("vae", "sample", sample);
        check("vae", "scaled_sample", sample.mul(model.vae.config().scaling()));
        check("vae", "decode_of_latents", model.vae.decode(tensor(f, "latents").mul(1 / model.vae.config().scaling())));
    }

    @Test void gaussianClampsItsVariance() {
        Fixtures f = file("gaussian_clamp");
        Vae.Gaussian g = Vae.Gaussian.of(tensor(f, "parameters"));
        Fixtures.assertClose("mean", g.mean(), f, "mean", 0);
        Fixtures.assertClose("logvar", g.logVariance(), f, "logvar", 0);
        float[] expected = f.nhwc("std"), actual = g.deviation().toFloats();
        for (int i = 0; i < expected.length; i++) assertThat(actual[i]).isCloseTo(expected[i], offset(1e-6f * Math.max(expected[i], 1e-6f)));
    }

    @Test void alignmentOfOneImage() {
        Fixtures f = file("alignment");
        Tensor latents = tensor(f, "latents").slice(0, 0, 1);
        Tensor condition = model.unet.condition(tensor(f, "features").slice(0, 0, 1));
        check("alignment", "b1.condition_embedding", condition);
        Tensor h = model.unet.unet().embed(latents);
        check("alignment", "b1.conv_in", h);
        Trace trace = new Trace();
        check("alignment", "b1.feat_alpha", trace.of(() -> model.unet.update(h, condition)));
        trace.check("alignment", "b1.tokens");
        trace.check("alignment", "b1.transformer.0");
        trace.check("alignment", "b1.transformer.1");
        check("alignment", "b1.sample_after_alignment", model.unet.align(latents, condition));
    }

    /** Attention runs across the batch: equal rows give what one row gives, different rows do not. */
    @Test void alignmentAcrossTheBatch() {
        Fixtures f = file("alignment");
        Tensor latents = tensor(f, "latents"), features = tensor(f, "features");
        Tensor l = latents.slice(0, 0, 1), c = features.slice(0, 0, 1);
        check("alignment", "b2_same.sample_after_alignment", model.unet.align(l.concat(0, l), model.unet.condition(c.concat(0, c))));
        Trace trace = new Trace();
        check("alignment", "b2_different.sample_after_alignment", trace.of(() -> model.unet.align(latents, model.unet.condition(features))));
        trace.check("alignment", "b2_different.transformer.1");
    }

    @Test void unet() {
        Fixtures f = file("unet");
        for (String name : f.names()) {
            if (!name.matches("t\\d+\\..*")) continue;
            float t = Float.parseFloat(name.substring(1, name.indexOf('.')));
            boolean both = name.endsWith("different_rows");
            Tensor latents = rows(f, "latents", both), features = rows(f, "features", both);
            Tensor ids = tensor(f, name.endsWith("tile_time_ids") ? "tile_time_ids" : "time_ids");
            Tensor temb = model.unet.unet().embedTime(t, tensor(f, "pooled"), ids);
            Context text = new Context(tensor(f, "prompt_embeds"));
            Tensor condition = model.unet.condition(features), h = model.unet.unet().embed(latents);
            Tensor start = name.endsWith("without_embedding") ? h
                    : name.endsWith("add_sample_false") ? model.unet.update(h, condition) : model.unet.align(latents, condition);
            check("unet", name, model.unet.unet().denoise(start, temb, text));
        }
    }

    /** The stored row alone (it stands for both rows), or both stored rows. */
    private static Tensor rows(Fixtures f, String name, boolean both) {
        return both ? tensor(f, name).concat(0, tensor(f, name + "_row2")) : tensor(f, name);
    }

    @Test void unetIntermediates() {
        Fixtures f = file("unet");
        Trace trace = new Trace();
        trace.of(() -> model.unet.predict(tensor(f, "latents"), model.unet.condition(tensor(f, "features")), timestep("unet_trace"),
                new Context(tensor(f, "prompt_embeds").slice(0, 1, 2)), tensor(f, "pooled").slice(0, 1, 2), tensor(f, "time_ids").slice(0, 1, 2)));
        Fixtures t = file("unet_trace");
        float[] sinusoids = Sinusoid.embed(tensor(f, "time_ids").toFloats(), t.shape("add_time_proj").size(1));
        Fixtures.assertClose("add_time_proj", sinusoids, t.floats("add_time_proj"), atol("unet_trace", "add_time_proj"));
        trace.checkAll("unet_trace", Map.of("add_time_proj", true));
    }

    /** Latent sides that do not divide by four: up blocks resize to the skip's size. */
    @Test void unetOfOddSize() {
        Fixtures f = file("unet"), odd = file("unet_odd_size");
        Tensor eps = model.unet.predict(tensor(odd, "latents"), model.unet.condition(tensor(odd, "features")), timestep("unet_odd_size"),
                new Context(tensor(f, "prompt_embeds").slice(0, 1, 2)), tensor(f, "pooled").slice(0, 1, 2), tensor(f, "time_ids").slice(0, 1, 2));
        check("unet_odd_size", "noise_pred", eps);
    }

    @Test void sinusoids() {
        Fixtures f = Fixtures.open("ops/timestep_embedding.safetensors");
        JsonObject cases = Fixtures.json("ops/ops.json").getAsJsonObject("cases");
        int checked = 0;
        for (Map.Entry<String, JsonElement> e : cases.entrySet()) {
            if (!e.getKey().startsWith("timestep_embedding/")) continue;
            String name = e.getKey().substring(e.getKey().indexOf('/') + 1);
            JsonObject c = e.getValue().getAsJsonObject();
            float[] actual = Sinusoid.embed(f.floats(name + ".in.t"), c.getAsJsonObject("params").get("dim").getAsInt());
            Fixtures.assertClose(e.getKey(), actual, f.floats(name + ".out"), c.getAsJsonObject("suggested_atol").get("out").getAsDouble());
            checked++;
        }
        assertThat(checked).isPositive();
    }

    /**
     * Keeps the result of every op that runs, so that a stored intermediate can be found among them without hooks in the models: it must
     * be there within its tolerance. A map stored with its first channel only is compared with first channels.
     */
    private static final class Trace {
        private final List<float[]> results = new ArrayList<>();
        private final List<int[]> shapes = new ArrayList<>();

        /** The result of some work, whose ops it keeps the results of. */
        Tensor of(Supplier<Tensor> work) {
            return Engine.observed((op, in, out, kernel, nanos) -> {
                results.add(out.toFloats());
                shapes.add(out.shape().toArray());
            }, work);
        }

        void checkAll(String file, Map<String, Boolean> except) {
            for (String name : file(file).names()) if (!except.containsKey(name)) check(file, name);
        }

        void check(String file, String name) {
            Fixtures f = file(file);
            float[] expected = f.shape(name).rank() == 4 ? f.nhwc(name) : f.floats(name);
            boolean firstChannel = f.shape(name).rank() == 4 && f.shape(name).size(1) == 1;
            double best = Double.POSITIVE_INFINITY;
            for (int i = 0; i < results.size(); i++) {
                int channels = shapes.get(i).length == 0 ? 1 : shapes.get(i)[shapes.get(i).length - 1], step = firstChannel ? channels : 1;
                if (results.get(i).length != expected.length * step) continue;
                double worst = 0;
                for (int j = 0; j < expected.length; j++) worst = Math.max(worst, Math.abs(results.get(i)[j * step] - expected[j]));
                best = Math.min(best, worst);
            }
            assertThat(best).as("%s %s: distance of the nearest intermediate result", file, name).isLessThanOrEqualTo(atol(file, name));
        }
    }
}
