package dev.faithdiff.train;

import dev.faithdiff.Model;
import dev.faithdiff.nn.train.AdamW;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The published second stage, the unified feature optimisation: U-Net, alignment module and LQ encoder learn together (paper section
 * 3.3; train_SDXL_stage_2.py). A model with drawn weights may keep the {@link LqHead} of its warm-up as a second task.
 */
public final class UnifiedObjective implements Objective {
    static final String ENCODER = "denoise_encoder.";

    private final Model model;
    private final NoisePrediction denoising;
    private final LqHead head;
    private final float headWeight, blend;
    private final List<AdamW.Group> groups = new ArrayList<>();

    /**
     * The target latents: {@code estimate + blend * (clean - estimate)}, where the head on the LQ encoder makes the estimate.
     *
     * @param head       null: none, and then {@code blend} must be 1
     * @param headWeight weight of the head's own loss beside the denoising's; the head learns at the encoder's rate
     * @param blend      1, as published: the clean image. Smaller values generate less texture
     */
    public record Target(LqHead head, double headWeight, double blend) {
        /** The clean image. */
        public static final Target PUBLISHED = new Target(null, 0, 1);
    }

    /**
     * @param learningRate        of U-Net and alignment; the published one is 5e-5
     * @param encoderLearningRate of the LQ encoder; the published one is 5e-6
     * @param ablations           of which FIXED_ENCODER and FIXED_UNET decide what learns
     */
    public UnifiedObjective(Model model, NoisePrediction.Settings settings, double learningRate, double encoderLearningRate,
            Set<Ablation> ablations) {
        this(model, settings, learningRate, encoderLearningRate, ablations, Target.PUBLISHED, true);
    }

    /** @param sizes false: the weights of the size conditioning stay as they are, see {@link FirstValues#silentSizes} */
    public UnifiedObjective(Model model, NoisePrediction.Settings settings, double learningRate, double encoderLearningRate,
            Set<Ablation> ablations, Target target, boolean sizes) {
        this.model = model;
        head = target.head;
        headWeight = (float) target.headWeight;
        blend = (float) target.blend;
        denoising = new NoisePrediction(model, settings);
        Map<String, Tensor> unet = new LinkedHashMap<>(), encoder = new LinkedHashMap<>();
        model.parameters("").forEach((name, t) -> {
            if (name.startsWith(ENCODER)) encoder.put(name, t);
            else if (AlignmentObjective.aligns(name) || !ablations.contains(Ablation.FIXED_UNET)) unet.put(name, t);
        });
        if (!sizes) unet.remove(FirstValues.SIZES + "weight");
        if (ablations.contains(Ablation.FIXED_ENCODER)) encoder.clear();
        if (head != null) encoder.putAll(head.parameters());
        groups.add(new AdamW.Group(unet, learningRate));
        if (!encoder.isEmpty()) groups.add(new AdamW.Group(encoder, encoderLearningRate));
    }

    @Override public List<AdamW.Group> groups() { return groups; }

    @Override public Tensor loss(TrainingBatch batch, Rng rng) {
        try (Scope s = Scope.open()) {
            NoisePrediction.Question q = denoising.ask(batch, rng);
            Tensor features = model.unet.features(batch.degraded().to(model.device));
            NoisePrediction.Question asked = blend == 1 ? q : q.with(blended(head.estimate(features), q.latents()));
            Tensor loss = denoising.loss(denoising.answer(asked, features), asked);
            return s.keep(head == null ? loss : loss.add(head.loss(features, q.latents()).mul(headWeight)));
        }
    }

    /** A view of the estimate is unknown to tapes, so that the denoising does not teach the head. */
    private Tensor blended(Tensor estimate, Tensor latents) {
        return estimate.view(0, estimate.shape()).mul(1 - blend).add(latents.mul(blend));
    }
}
