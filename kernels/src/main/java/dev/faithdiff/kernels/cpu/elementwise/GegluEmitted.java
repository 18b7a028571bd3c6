package dev.faithdiff.kernels.cpu.elementwise;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GegluOp;
import dev.faithdiff.tensor.op.Kernel;

/** The gate of F32 rows as machine code; to the bits of {@link GegluVector}. */
public final class GegluEmitted implements Kernel<GegluOp> {
    private static final class Code {
        static final Routine GATE = routine(VecCode.start());
    }

    @Override public Class<GegluOp> op() { return GegluOp.class; }

    @Override public String unavailable() { return VecCode.unavailable(); }

    @Override public String refuses(GegluOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override public void run(GegluOp op, Tensor[] in, Tensor out) {
        int n = out.size(-1);
        long line = 4L * n, x = in[0].address(), y = out.address();
        Chunks.rows(out.count() / n, n, (from, rows) -> {
            long value = x + 2 * line * from;
            Code.GATE.call(value, value + line, y + line * from, n, rows, 2 * line, 2 * line, line);
        });
    }

    static Routine routine(VectorCode code) { return RowCode.of(code, "geglu", (c, value, gate) -> c.mul(value, VecCode.gelu(c, gate))); }
}
