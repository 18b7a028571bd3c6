package dev.faithdiff.restore.stablesr;

import dev.faithdiff.restore.diffusion.Levels;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.tensor.Tensor;
import java.util.Map;
import java.util.function.Supplier;

/** A sampler that adds to each piece of an image the noise of the first, as the published script does by its seed. */
record SameNoise(Sampler sampler, Pieces pieces) implements Sampler {
    @Override public Levels levels() { return sampler.levels(); }

    @Override public float initNoiseSigma() { return sampler.initNoiseSigma(); }

    @Override public Tensor scaleInput(Tensor x, int step) { return sampler.scaleInput(x, step); }

    @Override public Tensor noised(Tensor data, Tensor noise, int step) { return sampler.noised(data, noise, step); }

    @Override public Sampler from(int step) { return new SameNoise(sampler.from(step), pieces); }

    @Override public State begin() {
        State state = sampler.begin();
        return new State() {
            @Override public Tensor step(Tensor x, Tensor data, int step, Supplier<Tensor> noise) {
                return state.step(x, data, step, () -> pieces.each(pieces.part(noise.get(), 0)));
            }

            @Override public Map<String, Tensor> memory() { return state.memory(); }

            @Override public void recall(Map<String, Tensor> memory) { state.recall(memory); }

            @Override public void close() { state.close(); }
        };
    }
}
