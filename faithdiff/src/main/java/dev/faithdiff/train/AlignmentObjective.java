package dev.faithdiff.train;

import dev.faithdiff.Model;
import dev.faithdiff.nn.train.AdamW;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The published first stage: only the alignment module learns, between a frozen LQ encoder and a frozen U-Net (paper section 3.3;
 * train_SDXL_stage_1.py).
 */
public final class AlignmentObjective implements Objective {
    private static final List<String> PARTS = List.of("condition_embedding.", "information_transformer_layes.", "spatial_ch_projs.");

    private final Model model;
    private final NoisePrediction denoising;
    private final List<AdamW.Group> groups;

    /** @param learningRate the published one is 5e-5 */
    public AlignmentObjective(Model model, NoisePrediction.Settings settings, double learningRate) {
        this.model = model;
        denoising = new NoisePrediction(model, settings);
        Map<String, Tensor> trained = new LinkedHashMap<>(model.parameters(""));
        trained.keySet().removeIf(name -> !aligns(name));
        groups = List.of(new AdamW.Group(trained, learningRate));
    }

    /** True for the name of a parameter of the alignment module. */
    static boolean aligns(String name) { return PARTS.stream().anyMatch(name::startsWith); }

    @Override public List<AdamW.Group> groups() { return groups; }

    @Override public Tensor loss(TrainingBatch batch, Rng rng) {
        try (Scope s = Scope.open()) {
            NoisePrediction.Question q = denoising.ask(batch, rng);
            return s.keep(denoising.loss(denoising.answer(q, model.unet.features(batch.degraded().to(model.device))), q));
        }
    }
}
