package dev.faithdiff.degrade;

import dev.faithdiff.image.FloatImage;

/** Unsharp masking of Real-ESRGAN's targets (BasicSR, USMSharp), which FaithDiff's own training leaves out. */
public final class Sharpen {
    private Sharpen() {}

    /** The weights that {@link #unsharpMask} blurs with: {@code size} pixels, odd. */
    static BlurKernel kernel(int size) { return BlurKernel.openCvGaussian(size); }

    /**
     * Adds {@code weight} times the detail that a blur of {@code size} pixels takes away, where that detail is stronger than
     * {@code threshold} 8-bit levels; published: 51, 0.5, 10.
     */
    public static FloatImage unsharpMask(FloatImage in, int size, double weight, double threshold) {
        BlurKernel kernel = kernel(size);
        float[] x = in.rgb(), blurred = kernel.apply(in).rgb(), mask = new float[x.length];
        for (int i = 0; i < x.length; i++) mask[i] = Math.abs(x[i] - blurred[i]) * 255f > threshold ? 1 : 0;
        float[] soft = kernel.apply(new FloatImage(in.width(), in.height(), mask)).rgb();
        float[] out = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            float sharp = Math.clamp(x[i] + (float) weight * (x[i] - blurred[i]), 0f, 1f);
            out[i] = soft[i] * sharp + (1 - soft[i]) * x[i];
        }
        return new FloatImage(in.width(), in.height(), out);
    }
}
