package dev.faithdiff.restore.supir;

import dev.faithdiff.restore.diffusion.Levels;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.tensor.Tensor;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A sampler that adds noise of another deviation than another one. No noise is drawn that would count nothing.
 *
 * @param factor  of the noise
 * @param atFirst whether noise is added in the first step, too
 */
record ScaledNoise(Sampler inner, double factor, boolean atFirst) implements Sampler {
    @Override public Levels levels() { return inner.levels(); }

    @Override public float initNoiseSigma() { return inner.initNoiseSigma(); }

    @Override public Tensor scaleInput(Tensor x, int step) { return inner.scaleInput(x, step); }

    @Override public Tensor noised(Tensor data, Tensor noise, int step) { return inner.noised(data, noise, step); }

    @Override public Sampler from(int step) { return new ScaledNoise(inner.from(step), factor, atFirst); }

    @Override public State begin() { return new Scaled(inner.begin()); }

    private final class Scaled implements State {
        private final State state;

        Scaled(State state) { this.state = state; }

        @Override public Tensor step(Tensor x, Tensor data, int step, Supplier<Tensor> noise) {
            boolean counts = levels().to()[step] > 0 && (step > 0 || atFirst);
            return state.step(x, data, step, () -> counts ? noise.get().mul((float) factor) : x.mul(0));
        }

        @Override public Map<String, Tensor> memory() { return state.memory(); }

        @Override public void recall(Map<String, Tensor> memory) { state.recall(memory); }

        @Override public void close() { state.close(); }
    }
}
