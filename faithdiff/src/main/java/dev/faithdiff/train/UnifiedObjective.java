package dev.faithdiff.train;

import dev.faithdiff.Model;
import dev.faithdiff.nn.train.AdamW;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The published second stage, the unified feature optimisation: U-Net, alignment module and LQ encoder learn together (paper section
 * 3.3; train_SDXL_stage_2.py).
 */
public final class UnifiedObjective implements Objective {
    private static final String ENCODER = "denoise_encoder.";

    /**
     * Which networks learn. The alignment module always does; fixing one of the others is an ablation of the paper's table 6.
     * Fine-tuning both but separately is a run with the U-Net fixed and then, from its result, one with the encoder fixed.
     */
    public enum Trained { BOTH, UNET_ONLY, ENCODER_ONLY }

    private final Denoising denoising;
    private final List<AdamW.Group> groups = new ArrayList<>();

    /**
     * @param learningRate        of U-Net and alignment; the published one is 5e-5
     * @param encoderLearningRate of the LQ encoder; the published one is 5e-6
     */
    public UnifiedObjective(Model model, Denoising.Settings settings, double learningRate, double encoderLearningRate, Trained trained) {
        denoising = new Denoising(model, settings);
        Map<String, Tensor> unet = new LinkedHashMap<>();
        model.parameters("").forEach((name, t) -> {
            boolean aligns = AlignmentObjective.PARTS.stream().anyMatch(name::startsWith);
            if (!name.startsWith(ENCODER) && (aligns || trained != Trained.ENCODER_ONLY)) unet.put(name, t);
        });
        groups.add(new AdamW.Group(unet, learningRate));
        if (trained != Trained.UNET_ONLY) groups.add(new AdamW.Group(model.parameters(ENCODER), encoderLearningRate));
    }

    @Override public List<AdamW.Group> groups() { return groups; }

    @Override public Tensor loss(Batch batch, Rng rng) { return denoising.loss(batch, rng); }
}
