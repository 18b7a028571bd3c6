package dev.faithdiff.kernels.cpu.elementwise;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.UnaryOp;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Elementwise functions of F32 as machine code, one routine for each function; to the bits of {@link UnaryVector}. */
public final class UnaryEmitted implements Kernel<UnaryOp> {
    private static final Map<UnaryOp.Kind, Routine> ROUTINES = new ConcurrentHashMap<>();

    @Override public Class<UnaryOp> op() { return UnaryOp.class; }

    @Override public String unavailable() { return VecCode.unavailable(); }

    @Override public String refuses(UnaryOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override public void run(UnaryOp op, Tensor[] in, Tensor out) {
        Routine routine = ROUTINES.computeIfAbsent(op.kind(), kind -> routine(VecCode.start(), kind));
        long x = in[0].address(), y = out.address(), a = Float.floatToRawIntBits(op.a()), b = Float.floatToRawIntBits(op.b());
        Chunks.run(out.count(), (from, count) -> routine.call(x + 4 * from, y + 4 * from, count, a, b));
    }

    static Routine routine(VectorCode c, UnaryOp.Kind kind) {
        Gpr x = c.argument(0), y = c.argument(1), count = c.argument(2);
        Value a = c.spread(c.argument(3)), b = c.spread(c.argument(4));
        c.each(count, at -> c.store(function(kind, c, c.load(x, at), a, b), y, at));
        return c.routine("unary_" + kind);
    }

    private static Value function(UnaryOp.Kind kind, VectorCode c, Value x, Value a, Value b) {
        return switch (kind) {
            case SILU -> VecCode.silu(c, x);
            case GELU -> VecCode.gelu(c, x);
            case GELU_TANH -> VecCode.geluTanh(c, x);
            case QUICK_GELU -> c.mul(x, VecCode.sigmoid(c, c.mul(x, c.constant(1.702f))));
            case SIGMOID -> VecCode.sigmoid(c, x);
            case TANH -> VecCode.tanh(c, x);
            case EXP -> VecCode.exp(c, x);
            case LOG -> VecCode.log(c, x);
            case SQRT -> c.sqrt(x);
            case ABS -> c.and(x, c.bits(0x7fffffff));
            case SIGN -> c.less(x, c.constant(0), c.constant(-1), c.less(c.constant(0), x, c.constant(1), x)); // zeros and NaN stay unchanged
            case RELU -> c.max(c.constant(0), x);
            case LEAKY_RELU -> c.less(x, c.constant(0), c.mul(x, a), x);
            case CLAMP -> VecCode.clamp(c, x, a, b);
        };
    }
}
