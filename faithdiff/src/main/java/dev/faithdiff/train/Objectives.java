package dev.faithdiff.train;

import dev.faithdiff.Model;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Tensor;
import java.util.Map;
import java.util.Set;

/** The objective of each stage of a run, and the changes to the model before the stage. */
final class Objectives implements AutoCloseable {
    private final Model model;
    private final Set<Ablation> ablations;
    private final long seed;
    private final LqHead head;

    Objectives(Model model, RunFile run) {
        this.model = model;
        ablations = run.ablationSet();
        seed = run.seed();
        head = new LqHead(model, Seeds.of(seed));
    }

    Objective of(Stage s) {
        return switch (s.objective()) {
            case "vae" -> new VaeObjective(model, s.vaeLoss(), s.learningRate());
            case "decoder" -> new DecoderObjective(model, s.vaeLoss(), s.denoising(), s.learningRate(), s.restored());
            case "lq" -> new LqObjective(model, head, s.learningRate());
            case "one-step" -> new OneStepObjective(model, s);
            case "align" -> new AlignmentObjective(model, s.denoising(), s.learningRate());
            default -> new UnifiedObjective(model, s.denoising(), s.learningRate(), s.encoderLearningRate(), ablations,
                    new UnifiedObjective.Target(s.headWeight() == 0 ? null : head, s.headWeight(), s.blend()), s.sizes());
        };
    }

    /** Trained parameters that are not part of the model. */
    Map<String, Tensor> head() { return head.parameters(); }

    /** Applies a stage's {@code begin} to the model. */
    void begin(Stage s, Samples samples) {
        if (!s.sizes()) FirstValues.silentSizes(model);
        for (String what : s.begin()) {
            switch (what) {
                case "encoder-from-autoencoder" -> FirstValues.encoderFromAutoencoder(model);
                case "raised-biases" -> FirstValues.raisedBiases(model, Rng.cpu(Seeds.of(seed)));
                case "silent-alignment" -> FirstValues.silentAlignment(model);
                default -> LatentScale.fold(model, samples, s.crop(0));
            }
        }
    }

    @Override public void close() { head.close(); }
}
