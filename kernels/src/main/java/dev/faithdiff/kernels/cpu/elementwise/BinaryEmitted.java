package dev.faithdiff.kernels.cpu.elementwise;

import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.BinaryOp;
import dev.faithdiff.tensor.op.Kernel;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Arithmetic of F32 with rows that repeat, as machine code; to the bits of {@link BinaryVector}. */
public final class BinaryEmitted implements Kernel<BinaryOp> {
    private static final Map<BinaryOp.Kind, Routine> ROUTINES = new ConcurrentHashMap<>();

    @Override public Class<BinaryOp> op() { return BinaryOp.class; }

    @Override public String unavailable() { return VecCode.unavailable(); }

    @Override public String refuses(BinaryOp op, Tensor[] in) { return BinaryRows.refuses(in); }

    @Override public void run(BinaryOp op, Tensor[] in, Tensor out) {
        Routine routine = ROUTINES.computeIfAbsent(op.kind(), kind -> routine(VecCode.start(), kind));
        BinaryRows.run((a, b, y, length, times) -> routine.call(a, b, y, length, times, 4L * length, 0, 4L * length), in, out);
    }

    static Routine routine(VectorCode code, BinaryOp.Kind kind) {
        return RowCode.of(code, "binary_" + kind, (c, a, b) -> switch (kind) {
            case ADD -> c.add(a, b);
            case SUB -> c.sub(a, b);
            case MUL -> c.mul(a, b);
            case DIV -> c.div(a, b);
        });
    }
}
