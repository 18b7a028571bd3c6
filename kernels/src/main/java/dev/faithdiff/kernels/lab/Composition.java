package dev.faithdiff.kernels.lab;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.CastOp;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.FusedOp;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;
import java.util.List;
import java.util.stream.Stream;

/** The parts of a fused op, one after the other, as a kernel that is checked and timed like the others. @param kind the kind of device */
public record Composition<O extends FusedOp>(Class<O> op, String kind) implements Kernel<O> {
    private static final long SLOW_FLOPS = 20_000_000;

    /** The kernels of an op, and behind them its composition if it is a fused op. */
    public static List<Kernel<?>> behind(List<Kernel<?>> kernels, Class<? extends Op> op, String kind) {
        if (!FusedOp.class.isAssignableFrom(op)) return kernels;
        return Stream.concat(kernels.stream(), Stream.of(new Composition<>(op.asSubclass(FusedOp.class), kind))).toList();
    }

    @Override public String name() { return "composition"; }

    @Override public String refuses(O op, Tensor[] in) {
        boolean slow = kind.equals("cpu") && in[0].dtype() != DType.F32 && op.flops(in) > SLOW_FLOPS;
        return slow ? "its parts are references, which would take long" : null;
    }

    @Override public void run(O op, Tensor[] in, Tensor out) {
        try (Scope _ = Scope.open()) {
            Engine.update(new CastOp(out.dtype()), out, op.compose(in));
        }
    }
}
