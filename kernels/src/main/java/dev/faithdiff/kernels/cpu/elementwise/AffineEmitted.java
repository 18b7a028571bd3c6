package dev.faithdiff.kernels.cpu.elementwise;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AffineOp;
import dev.faithdiff.tensor.op.Kernel;

/** {@code x * scale + shift} of F32 as machine code; to the bits of {@link AffineVector}. */
public final class AffineEmitted implements Kernel<AffineOp> {
    private static final class Code {
        static final Routine AFFINE = routine(VecCode.start());
    }

    @Override public Class<AffineOp> op() { return AffineOp.class; }

    @Override public String unavailable() { return VecCode.unavailable(); }

    @Override public String refuses(AffineOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override public void run(AffineOp op, Tensor[] in, Tensor out) {
        long x = in[0].address(), y = out.address(), scale = Float.floatToRawIntBits(op.scale()), shift = Float.floatToRawIntBits(op.shift());
        Chunks.run(out.count(), (from, count) -> Code.AFFINE.call(x + 4 * from, y + 4 * from, count, scale, shift));
    }

    static Routine routine(VectorCode c) {
        Gpr x = c.argument(0), y = c.argument(1), count = c.argument(2);
        Value scale = c.spread(c.argument(3)), shift = c.spread(c.argument(4));
        c.each(count, at -> c.store(c.fma(c.load(x, at), scale, shift), y, at));
        return c.routine("affine");
    }
}
