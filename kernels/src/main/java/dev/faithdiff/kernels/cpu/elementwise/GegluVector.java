package dev.faithdiff.kernels.cpu.elementwise;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.load;
import static dev.faithdiff.kernels.cpu.Vec.store;

import dev.faithdiff.kernels.cpu.Tail;
import dev.faithdiff.kernels.cpu.Vec;

/** {@link GegluKernel} on the Vector API. */
public final class GegluVector implements GegluKernel {
    @Override public void rows(long x, int rows, int n, long y) {
        for (int r = 0; r < rows; r++, x += 8L * n, y += 4L * n) row(x, y, n);
    }

    private static void row(long x, long y, int n) {
        int rest = n % LANES, whole = n - rest;
        loop(x, x + 4L * n, y, whole);
        if (rest > 0) {
            long value = Tail.load(0, x + 4L * whole, rest), gate = Tail.load(1, x + 4L * (n + whole), rest);
            loop(value, gate, value, LANES);
            Tail.store(value, y + 4L * whole, rest);
        }
    }

    private static void loop(long value, long gate, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(load(value + 4L * i).mul(Vec.gelu(load(gate + 4L * i))), y + 4L * i);
    }
}
