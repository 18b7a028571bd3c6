package dev.faithdiff.train;

import dev.faithdiff.nn.train.AdamW;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which parameters a stage trains, and by which loss.
 *
 * <pre>{@code
 * try (Tape tape = Tape.watch(objective.parameters().values())) {
 *     Tensor loss = objective.loss(batch, rng);
 *     Map<Tensor, Tensor> gradients = tape.gradients(loss);
 *     optimizer.step(gradients, rate, GradClip.scale(GradClip.norm(gradients.values()), 1));
 * }
 * }</pre>
 */
public interface Objective extends AutoCloseable {
    /** The trained parameters by their published names, in groups of one learning rate. */
    List<AdamW.Group> groups();

    /** The trained parameters of all groups. */
    default Map<String, Tensor> parameters() {
        Map<String, Tensor> all = new LinkedHashMap<>();
        for (AdamW.Group g : groups()) all.putAll(g.parameters());
        return all;
    }

    /** The loss of a batch, a scalar in the current scope. All random numbers come from {@code rng} in a fixed order. */
    Tensor loss(TrainingBatch batch, Rng rng);

    /** Frees the memory that this objective has beside the model. */
    @Override default void close() {}
}
