package dev.faithdiff.kernels.cpu.elementwise;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.FromFloat;
import dev.faithdiff.kernels.cpu.Scratch;
import dev.faithdiff.kernels.cpu.ToFloat;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.CastOp;
import dev.faithdiff.tensor.op.Kernel;

/** Conversion between any two types via F32: by vectors for the floating types, by plain loops for the others. */
public final class CastVector implements Kernel<CastOp> {
    @Override public Class<CastOp> op() { return CastOp.class; }

    @Override public void run(CastOp op, Tensor[] in, Tensor out) {
        DType of = in[0].dtype(), to = op.to();
        long x = in[0].address(), y = out.address();
        Chunks.run(out.count(), (from, count) -> chunk(of, to, x + from * of.bytes(), y + from * to.bytes(), count));
    }

    private static void chunk(DType of, DType to, long x, long y, int n) {
        if (to == DType.F32) ToFloat.row(of, x, n, y);
        else if (of == DType.F32) FromFloat.row(to, x, n, y);
        else {
            long floats = Scratch.address();
            for (int i = 0; i < n; i += Scratch.FLOATS) {
                int count = Math.min(Scratch.FLOATS, n - i);
                ToFloat.row(of, x + (long) i * of.bytes(), count, floats);
                FromFloat.row(to, floats, count, y + (long) i * to.bytes());
            }
        }
    }
}
