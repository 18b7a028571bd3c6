package dev.faithdiff.kernels.cpu.elementwise;

import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.PreluOp;

/** Parametric ReLU of F32 as machine code; to the bits of {@link PreluVector}. */
public final class PreluEmitted implements Kernel<PreluOp> {
    private static final class Code {
        static final Routine PRELU = routine(VecCode.start());
    }

    @Override public Class<PreluOp> op() { return PreluOp.class; }

    @Override public String unavailable() { return VecCode.unavailable(); }

    @Override public String refuses(PreluOp op, Tensor[] in) {
        return in[0].dtype() == DType.F32 && in[1].dtype().isFloating() ? null : "takes F32 and slopes of a floating type";
    }

    @Override public void run(PreluOp op, Tensor[] in, Tensor out) {
        long x = in[0].address(), y = out.address();
        try (Scope _ = Scope.open()) {
            Repeated slopes = Repeated.of(in[1]);
            slopes.along(out.count(), (from, length, times) -> {
                Code.PRELU.call(x + 4 * from, slopes.address(), y + 4 * from, length, times, 4L * length, 0, 4L * length);
            });
        }
    }

    static Routine routine(VectorCode code) { return RowCode.of(code, "prelu", (c, x, slope) -> c.less(x, c.constant(0), c.mul(x, slope), x)); }
}
