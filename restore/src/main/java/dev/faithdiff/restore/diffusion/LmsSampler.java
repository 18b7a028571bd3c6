package dev.faithdiff.restore.diffusion;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Linear multistep: the slopes of the last steps as a polynomial of the noise level, integrated over the step (k-diffusion sample_lms). */
final class LmsSampler implements Sampler {
    /** Places and weights of Gauss and Legendre's integration on -1..1, exact for the polynomials of {@link #MOST} slopes. */
    private static final double[] PLACES = {-0.8611363115940526, -0.3399810435848563, 0.3399810435848563, 0.8611363115940526};
    private static final double[] WEIGHTS = {0.3478548451374538, 0.6521451548625461, 0.6521451548625461, 0.3478548451374538};
    /** The largest order. */
    static final int MOST = 8;

    private final Levels levels;
    private final float initNoiseSigma;
    private final int order;

    /** @param order the number of slopes, at most {@link #MOST}; the first steps have fewer */
    LmsSampler(Levels levels, float initNoiseSigma, int order) {
        this.levels = levels;
        this.initNoiseSigma = initNoiseSigma;
        this.order = order;
    }

    @Override public Levels levels() { return levels; }

    @Override public float initNoiseSigma() { return initNoiseSigma; }

    @Override public Tensor scaleInput(Tensor x, int step) { return x.mul((float) Levels.alpha(levels.from()[step])); }

    @Override public Tensor noised(Tensor data, Tensor noise, int step) { return data.add(noise.mul(levels.from()[step])); }

    @Override public Sampler from(int step) { return new LmsSampler(levels.from(step), initNoiseSigma, order); }

    @Override public State begin() { return new Memory(); }

    /** What the slope of the step {@code back} before counts in a step. @param count slopes that there are */
    private double weight(int step, int back, int count) {
        double from = levels.from()[step], to = levels.to()[step], half = (to - from) / 2, sum = 0;
        for (int i = 0; i < PLACES.length; i++) {
            double at = (from + to) / 2 + half * PLACES[i], product = 1;
            for (int k = 0; k < count; k++) {
                if (k != back) product *= (at - levels.from()[step - k]) / (levels.from()[step - back] - levels.from()[step - k]);
            }
            sum += WEIGHTS[i] * product;
        }
        return half * sum;
    }

    private final class Memory implements State {
        private Scope held = Scope.detached();
        /** The last one first. */
        private List<Tensor> slopes = List.of();

        @Override public Tensor step(Tensor x, Tensor data, int step, Supplier<Tensor> noise) {
            try (Scope s = Scope.open()) {
                Tensor next = x.to(DType.F32), slope = next.sub(data.to(DType.F32)).mul(1 / levels.from()[step]);
                List<Tensor> all = new ArrayList<>(List.of(slope));
                all.addAll(slopes.subList(0, Math.min(slopes.size(), order - 1)));
                for (int i = 0; i < all.size(); i++) next = next.add(all.get(i).mul((float) weight(step, i, all.size())));
                remember(all);
                return s.keep(next.to(data.dtype()));
            }
        }

        private void remember(List<Tensor> all) {
            Scope before = held;
            held = Scope.detached();
            slopes = all.stream().map(held::adopt).toList();
            before.close();
        }

        @Override public Map<String, Tensor> memory() {
            Map<String, Tensor> memory = new HashMap<>();
            for (int i = 0; i < slopes.size(); i++) memory.put("slope" + i, slopes.get(i));
            return memory;
        }

        @Override public void recall(Map<String, Tensor> memory) {
            List<Tensor> all = new ArrayList<>();
            while (memory.containsKey("slope" + all.size())) all.add(memory.get("slope" + all.size()));
            remember(all);
        }

        @Override public void close() { held.close(); }
    }
}
