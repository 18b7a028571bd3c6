package dev.faithdiff.kernels.cpu.elementwise;

import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;

/** {@link GegluKernel} as machine code; to the bits of {@link GegluVector}. */
public final class GegluEmitted implements GegluKernel {
    private static final class Code {
        static final Routine GATE = routine(VecCode.start());
    }

    @Override public String unavailable() { return VecCode.unavailable(); }

    @Override public void rows(long x, int rows, int n, long y) { Code.GATE.call(x, x + 4L * n, y, n, rows, 8L * n, 8L * n, 4L * n); }

    static Routine routine(VectorCode code) { return RowCode.of(code, "geglu", (c, value, gate) -> c.mul(value, VecCode.gelu(c, gate))); }
}
