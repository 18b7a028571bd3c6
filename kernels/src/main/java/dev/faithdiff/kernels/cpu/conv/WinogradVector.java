package dev.faithdiff.kernels.cpu.conv;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.OUTPUTS;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.POSITIONS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

/** The transforms on the Vector API, for every processor. */
record WinogradVector() implements WinogradLoops {
    private static final ThreadLocal<float[]> PATCH = ThreadLocal.withInitial(() -> new float[POSITIONS * LANES]);

    @Override public void input(long pixels, int tiles, long channel, int vectors, float[] to, int at, long places) {
        float[] patch = PATCH.get();
        for (int i = 0; i < tiles; i++, pixels += 8 * POSITIONS, at += STRIDE) {
            for (int v = 0; v < vectors * LANES; v += LANES) WinogradTransforms.input(pixels, channel + 4L * v, patch, to, places, at + v);
        }
    }

    @Override public void weight(long taps, int vectors, long to, long step) {
        float[] patch = PATCH.get();
        for (long i = 0; i < 4L * vectors * LANES; i += 4 * LANES) WinogradTransforms.weight(taps + i, step, patch, to + i, step);
    }

    @Override public void output(float[] from, int step, int tiles, float[] bias, long channel, int vectors, long pixels) {
        float[] patch = PATCH.get();
        int first = (int) (channel / 4);
        for (int i = 0; i < tiles; i++, pixels += 8 * OUTPUTS * OUTPUTS) {
            for (int v = 0; v < vectors * LANES; v += LANES) {
                WinogradTransforms.output(from, i * WIDTH + v, step, patch, bias, first + v, pixels, channel + 4L * v);
            }
        }
    }
}
