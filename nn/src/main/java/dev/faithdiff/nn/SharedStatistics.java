package dev.faithdiff.nn;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * Means and variances that a network's GroupNorms share, so that the tiles of one image are normalised alike. They are taken in the first
 * {@link #run}, where all images of the batch count as one, or before it by {@link #measure}, and used in every run after.
 */
public final class SharedStatistics implements AutoCloseable {
    /** What a norm does with known statistics: {@code x * scale + shift}, each {@code [channels]}. */
    private record Affine(Tensor scale, Tensor shift) {}

    /** Pixels that are measured at a time, to hold little memory. */
    private static final int BAND = 1 << 16;
    private static final ScopedValue<SharedStatistics> CURRENT = ScopedValue.newInstance();

    private final Map<GroupNorm, Affine> known = new IdentityHashMap<>();
    private final Scope scope = Scope.detached();

    static SharedStatistics current() { return CURRENT.isBound() ? CURRENT.get() : null; }

    /** Runs a network whose GroupNorms share these statistics. */
    public Tensor run(Supplier<Tensor> network) { return ScopedValue.where(CURRENT, this).call(network::get); }

    Tensor norm(GroupNorm norm, Tensor x, boolean silu) {
        try (Scope s = Scope.open()) {
            if (!known.containsKey(norm)) measure(norm, x);
            Affine a = known.get(norm);
            Tensor h = x.mul(a.scale);
            h = s.replace(h, h.add(a.shift));
            return s.keep(silu ? s.replace(h, h.silu()) : h);
        }
    }

    /** Takes a norm's statistics from an input {@code [..., channels]}, which may be larger than those of the runs. */
    public void measure(GroupNorm norm, Tensor x) { measure(norm, List.of(x)); }

    /** The same from the tiles of one image: the mean of their means and that of their variances, by their sizes (Tiled VAE). */
    void measure(GroupNorm norm, List<Tensor> tiles) {
        int channels = norm.weight.size(0), width = channels / norm.groups;
        double all = tiles.stream().mapToLong(Tensor::count).sum();
        double[] mean = new double[channels], variance = new double[channels];
        for (Tensor tile : tiles) {
            try (Scope _ = Scope.open()) {
                double share = tile.count() / all;
                Tensor pixels = tile.reshape(-1, channels);
                float[] own = ofGroups(pixels, width, band -> band);
                Tensor centre = Tensor.of(own, channels).to(tile.device());
                float[] spread = ofGroups(pixels, width, band -> {
                    Tensor d = band.sub(centre);
                    return d.mul(d);
                });
                for (int c = 0; c < channels; c++) {
                    mean[c] += share * own[c];
                    variance[c] += share * spread[c];
                }
            }
        }
        float[] scale = norm.weight.toFloats(), shift = norm.bias.toFloats();
        for (int c = 0; c < channels; c++) {
            scale[c] = (float) (scale[c] / Math.sqrt(variance[c] + norm.eps));
            shift[c] = (float) (shift[c] - mean[c] * scale[c]);
        }
        known.put(norm, new Affine(kept(scale, tiles.getFirst()), kept(shift, tiles.getFirst())));
    }

    /** Each channel's group mean of a function of {@code [N, channels]}. */
    private static float[] ofGroups(Tensor x, int width, UnaryOperator<Tensor> function) {
        double[] sums = new double[x.size(1) / width];
        for (int from = 0; from < x.size(0); from += BAND) {
            int to = Math.min(from + BAND, x.size(0));
            try (Scope _ = Scope.open()) {
                float[] means = function.apply(x.slice(0, from, to).to(DType.F32)).mean(0).toFloats();
                for (int c = 0; c < means.length; c++) sums[c / width] += (double) means[c] * (to - from);
            }
        }
        float[] v = new float[x.size(1)];
        for (int c = 0; c < v.length; c++) v[c] = (float) (sums[c / width] / width / x.size(0));
        return v;
    }

    private Tensor kept(float[] v, Tensor x) { return scope.adopt(Tensor.of(v, v.length).to(x.device())); }

    @Override public void close() { scope.close(); }
}
