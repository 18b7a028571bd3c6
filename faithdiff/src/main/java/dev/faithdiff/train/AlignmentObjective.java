package dev.faithdiff.train;

import dev.faithdiff.Model;
import dev.faithdiff.nn.train.AdamW;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The published first stage: only the alignment module learns, between a frozen LQ encoder and a frozen U-Net (paper section 3.3;
 * train_SDXL_stage_1.py).
 */
public final class AlignmentObjective implements Objective {
    /** The alignment module's parts by their published names. */
    static final List<String> PARTS = List.of("condition_embedding.", "information_transformer_layes.", "spatial_ch_projs.");

    private final Denoising denoising;
    private final List<AdamW.Group> groups;

    public AlignmentObjective(Model model, Denoising.Settings settings, double learningRate) {
        denoising = new Denoising(model, settings);
        Map<String, Tensor> trained = new LinkedHashMap<>();
        for (String part : PARTS) trained.putAll(model.parameters(part));
        groups = List.of(new AdamW.Group(trained, learningRate));
    }

    @Override public List<AdamW.Group> groups() { return groups; }

    @Override public Tensor loss(Batch batch, Rng rng) { return denoising.loss(batch, rng); }
}
