package dev.faithdiff.nn;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Means and variances that a network's GroupNorms take from the first run inside and use again in all others, so that the tiles of one
 * image are normalised alike. The first run's batch counts as one.
 */
public final class SharedStatistics implements AutoCloseable {
    /** What a norm does with known statistics: {@code x * scale + shift}, each {@code [channels]}. */
    private record Affine(Tensor scale, Tensor shift) {}

    private static final ScopedValue<SharedStatistics> CURRENT = ScopedValue.newInstance();

    private final Map<GroupNorm, Affine> known = new IdentityHashMap<>();
    private final Scope scope = Scope.detached();

    static SharedStatistics current() { return CURRENT.isBound() ? CURRENT.get() : null; }

    /** Runs a network whose GroupNorms share these statistics. */
    public Tensor run(Supplier<Tensor> network) { return ScopedValue.where(CURRENT, this).call(network::get); }

    Tensor norm(GroupNorm norm, Tensor x, boolean silu) {
        try (Scope s = Scope.open()) {
            Affine a = known.get(norm);
            if (a == null) known.put(norm, a = measure(norm, x));
            Tensor h = x.mul(a.scale);
            h = s.replace(h, h.add(a.shift));
            return s.keep(silu ? s.replace(h, h.silu()) : h);
        }
    }

    private Affine measure(GroupNorm norm, Tensor x) {
        try (Scope s = Scope.open()) {
            int channels = norm.weight.size(0), width = channels / norm.groups;
            Tensor d = x.reshape(-1, channels).to(DType.F32);
            float[] mean = ofGroups(d, width), scale = norm.weight.toFloats(), shift = norm.bias.toFloats();
            d = s.replace(d, d.sub(Tensor.of(mean, channels).to(x.device())));
            d = s.replace(d, d.mul(d));
            float[] variance = ofGroups(d, width);
            for (int c = 0; c < channels; c++) {
                scale[c] = (float) (scale[c] / Math.sqrt(variance[c] + norm.eps));
                shift[c] -= mean[c] * scale[c];
            }
            return new Affine(kept(scale, x), kept(shift, x));
        }
    }

    /** Each channel's group mean of {@code [N, channels]}. */
    private static float[] ofGroups(Tensor x, int width) {
        float[] v = x.mean(0).toFloats();
        for (int at = 0; at < v.length; at += width) {
            double sum = 0;
            for (int i = 0; i < width; i++) sum += v[at + i];
            for (int i = 0; i < width; i++) v[at + i] = (float) (sum / width);
        }
        return v;
    }

    private Tensor kept(float[] v, Tensor x) { return scope.adopt(Tensor.of(v, v.length).to(x.device())); }

    @Override public void close() { scope.close(); }
}
