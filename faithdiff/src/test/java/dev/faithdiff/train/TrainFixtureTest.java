package dev.faithdiff.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.Model;
import dev.faithdiff.TinyModel;
import dev.faithdiff.networks.clip.PromptEncoder.Prompt;
import dev.faithdiff.nn.train.AdamW;
import dev.faithdiff.nn.train.GradClip;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.io.SafeTensors;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Three steps of both stages on the tiny model against the published implementation: noise, answer, loss, gradients and parameters, at
 * the tolerances stored beside them.
 */
@Tag("full")
class TrainFixtureTest {
    private static final JsonObject FACTS = Fixtures.json("train/train.json");
    private static final Fixtures INPUTS = Fixtures.open("train/inputs.safetensors");

    @Test void unifiedStage() {
        try (Scope _ = Scope.open(); Model model = Model.trainable(TinyModel.folder(), Device.CPU)) {
            JsonObject facts = FACTS.getAsJsonObject("stage2");
            UnifiedObjective objective = new UnifiedObjective(model, settings(), facts.get("lr").getAsDouble(),
                    facts.get("denoise_encoder_lr").getAsDouble(), Set.of());
            assertThat(objective.parameters()).hasSize(facts.get("trainable_tensors").getAsInt());
            run(model, objective, "stage2", false);
        }
    }

    /** Running blocks again instead of keeping them changes nothing. */
    @Test void unifiedStageWithBlocksRunAgain() {
        try (Scope _ = Scope.open(); Model model = Model.trainable(TinyModel.folder(), Device.CPU)) {
            JsonObject facts = FACTS.getAsJsonObject("stage2");
            run(model, new UnifiedObjective(model, settings(), facts.get("lr").getAsDouble(), facts.get("denoise_encoder_lr").getAsDouble(),
                    Set.of()), "stage2", true);
        }
    }

    @Test void alignmentStage() {
        try (Scope _ = Scope.open(); Model model = Model.trainable(TinyModel.folder(), Device.CPU)) {
            JsonObject facts = FACTS.getAsJsonObject("stage1");
            startOfTheFirstStage(model);
            AlignmentObjective objective = new AlignmentObjective(model, settings(), facts.get("lr").getAsDouble());
            assertThat(objective.parameters()).hasSize(facts.get("trainable_tensors").getAsInt());
            run(model, objective, "stage1", false);
        }
    }

    private static NoisePrediction.Settings settings() {
        NoisePrediction.Settings s = NoisePrediction.Settings.published();
        double offset = FACTS.get("noise_offset").getAsDouble();
        return new NoisePrediction.Settings(s.norm(), offset, s.promptDropout(), s.weightLimit(), s.stratified(), s.across());
    }

    /** The plain SDXL U-Net, the autoencoder's encoder as LQ encoder, and an alignment without effect. */
    private static void startOfTheFirstStage(Model model) {
        FirstValues.encoderFromAutoencoder(model);
        FirstValues.silentAlignment(model);
        try (SafeTensors unet = SafeTensors.open(Fixtures.path("checkpoint-tiny/sdxl/unet/diffusion_pytorch_model.fp16.safetensors"))) {
            Map<String, Tensor> parameters = model.parameters("");
            unet.entries().forEach((name, e) -> {
                float[] v = new float[Math.toIntExact(e.shape().count())];
                for (int i = 0; i < v.length; i++) v[i] = e.dtype().get(e.data(), (long) i * e.dtype().bytes());
                Tensor t = Tensor.of(v, e.shape().toArray());
                if (t.rank() == 4) t = t.permute(0, 2, 3, 1);
                Tensor to = parameters.get(name);
                for (long i = 0; i < t.count(); i++) to.set(i, t.get(i));
            });
        }
    }

    private static void run(Model model, Objective objective, String stage, boolean recompute) {
        JsonObject facts = FACTS.getAsJsonObject(stage);
        NoisePrediction denoising = new NoisePrediction(model, settings());
        try (AdamW optimizer = new AdamW(objective.groups(), adam())) {
            for (int step = 0; step < facts.getAsJsonArray("loss").size(); step++) {
                try (Tape tape = Tape.watch(objective.parameters().values(), recompute)) {
                    NoisePrediction.Question q = question(denoising, step);
                    Tensor answer = denoising.answer(q, model.unet.features(Fixtures.tensor(INPUTS, "lq_images")));
                    Tensor loss = denoising.loss(answer, q);
                    Map<Tensor, Tensor> gradients = tape.gradients(loss);
                    double norm = GradClip.norm(gradients.values());
                    checkNumber(stage + " loss of step " + step, loss.item(), facts, "loss", step);
                    checkNumber(stage + " gradient norm of step " + step, norm, facts, "total_grad_norm", step);
                    if (step == 0) checkFirst(stage, denoising, q, answer);
                    checkGradients(stage, step == 0 ? "grad." : "grad_step" + step + ".", objective, gradients, step);
                    optimizer.step(gradients, 1, GradClip.scale(norm, FACTS.get("max_grad_norm").getAsDouble()));
                }
            }
        }
        checkParameters(stage, objective);
    }

    private static AdamW.Settings adam() {
        JsonArray betas = FACTS.getAsJsonArray("betas");
        return new AdamW.Settings(betas.get(0).getAsDouble(), betas.get(1).getAsDouble(), FACTS.get("eps").getAsDouble(),
                FACTS.get("weight_decay").getAsDouble());
    }

    private static NoisePrediction.Question question(NoisePrediction denoising, int step) {
        Tensor noise = denoising.offset(ofStep("noise_before_offset", step), ofStep("noise_offset_draw", step));
        int b = FACTS.get("batch").getAsInt();
        int[] timesteps = new int[b];
        for (int i = 0; i < b; i++) timesteps[i] = (int) INPUTS.longs("timesteps")[step * b + i];
        Prompt prompt = new Prompt(Fixtures.tensor(INPUTS, "text_embeds"), Fixtures.tensor(INPUTS, "pooled_text_embeds"));
        return new NoisePrediction.Question(Fixtures.tensor(INPUTS, "latents"), noise, timesteps, prompt, Fixtures.tensor(INPUTS, "time_ids"));
    }

    /** One step's part of {@code [steps, B, C, H, W]} as {@code [B, H, W, C]}. */
    private static Tensor ofStep(String name, int step) {
        int[] s = INPUTS.shape(name).toArray();
        int part = s[1] * s[2] * s[3] * s[4];
        float[] v = Arrays.copyOfRange(INPUTS.floats(name), step * part, (step + 1) * part);
        return Tensor.of(v, s[1], s[2], s[3], s[4]).permute(0, 2, 3, 1);
    }

    /** By the fixtures' rule: eight times what F32 and F64 differ in PyTorch, at least a millionth. */
    private static void checkNumber(String what, double actual, JsonObject facts, String name, int step) {
        String wide = name + "_fp64", narrow = facts.has(name) ? name : name + "_before_clipping";
        double expected = facts.getAsJsonArray(wide).get(step).getAsDouble();
        double error = Math.abs(facts.getAsJsonArray(narrow).get(step).getAsDouble() - expected);
        assertThat(actual).as(what).isCloseTo(expected, offset(Math.max(8 * error, 1e-6 * expected)));
    }

    private static void checkFirst(String stage, NoisePrediction denoising, NoisePrediction.Question q, Tensor answer) {
        Fixtures f = Fixtures.open("train/" + stage + ".safetensors");
        Fixtures.assertClose(stage + " noise", q.noise(), f, "step0.noise", 1e-6);
        Fixtures.assertClose(stage + " noisy latents", denoising.noisy(q), f, "step0.noisy_latents", 4e-6);
        Fixtures.assertClose(stage + " answer", answer, f, "step0.noise_pred", 1e-5);
    }

    private static void checkGradients(String stage, String prefix, Objective objective, Map<Tensor, Tensor> gradients, int step) {
        Fixtures f = Fixtures.open("train/" + stage + ".safetensors");
        JsonObject tensors = FACTS.getAsJsonObject(stage).getAsJsonObject("tensors");
        JsonObject norms = Fixtures.json("train/" + stage + "_grad_norms.json").getAsJsonObject("norms");
        double typical = typicalError(norms);
        if (step == 0) assertThat(norms.keySet()).isEqualTo(objective.parameters().keySet());
        objective.parameters().forEach((name, parameter) -> {
            Tensor gradient = gradients.get(parameter);
            if (f.has(prefix + name)) {
                double atol = tensors.getAsJsonObject(name).get("grad_suggested_atol").getAsDouble();
                Fixtures.assertClose(stage + " " + prefix + name, gradient, f, prefix + name, atol);
            }
            if (step > 0) return;
            JsonArray expected = norms.getAsJsonArray(name);
            double norm = expected.get(0).getAsDouble(), error = expected.get(1).getAsDouble();
            assertThat(GradClip.norm(List.of(gradient))).as(stage + " norm of " + name)
                    .isCloseTo(norm, offset(8 * Math.max(error, typical * norm)));
        });
    }

    /** The median of the relative errors: the error of a single norm can be small by chance. */
    private static double typicalError(JsonObject norms) {
        double[] relative = norms.asMap().values().stream().map(e -> e.getAsJsonArray()).filter(e -> e.get(0).getAsDouble() > 0)
                .mapToDouble(e -> e.get(1).getAsDouble() / e.get(0).getAsDouble()).sorted().toArray();
        return relative[relative.length / 2];
    }

    private static void checkParameters(String stage, Objective objective) {
        Fixtures f = Fixtures.open("train/" + stage + ".safetensors");
        JsonObject tensors = FACTS.getAsJsonObject(stage).getAsJsonObject("tensors");
        int checked = 0;
        for (Map.Entry<String, Tensor> p : objective.parameters().entrySet()) {
            String name = "param_after." + p.getKey();
            if (!f.has(name)) continue;
            checked++;
            double atol = tensors.getAsJsonObject(p.getKey()).get("param_suggested_atol").getAsDouble();
            Fixtures.assertClose(stage + " " + name, p.getValue(), f, name, atol);
        }
        assertThat(checked).as("stored parameters of " + stage).isEqualTo((int) f.names().stream().filter(n -> n.startsWith("param_after.")).count());
    }
}
