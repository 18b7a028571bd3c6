package dev.faithdiff.kernels.cpu.elementwise;

import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;

/** {@link PreluKernel} as machine code; to the bits of {@link PreluVector}. */
public final class PreluEmitted implements PreluKernel {
    private static final class Code {
        static final Routine PRELU = routine(VecCode.start());
    }

    @Override public String unavailable() { return VecCode.unavailable(); }

    @Override public void rows(long x, long slopes, int rows, int n, long y) { Code.PRELU.call(x, slopes, y, n, rows, 4L * n, 0, 4L * n); }

    static Routine routine(VectorCode code) { return RowCode.of(code, "prelu", (c, x, slope) -> c.less(x, c.constant(0), c.mul(x, slope), x)); }
}
