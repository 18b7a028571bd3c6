package dev.faithdiff;

import dev.faithdiff.tensor.CountingDevice;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Backend;
import dev.faithdiff.tensor.op.FusedOp;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;
import java.util.ArrayList;
import java.util.List;

/**
 * A device without memory whose kernels compute nothing: it only keeps the account, so that a test can measure what models of full size
 * would hold. Everything read from it is zero.
 */
public final class DryBackend implements Backend {
    /** Fused ops are left to their parts, which hold more than a kernel does, unless the property {@code dry.fused} is true. */
    private record Nothing<O extends Op>(Class<O> op) implements Kernel<O> {
        @Override public String refuses(O op, Tensor[] in) {
            return op instanceof FusedOp && !Boolean.getBoolean("dry.fused") ? "is left to its parts" : null;
        }

        @Override public void run(O op, Tensor[] in, Tensor out) {}
    }

    private final Device device = new CountingDevice("dry");

    @Override public String kind() { return "dry"; }

    @Override public String unavailable() { return null; }

    @Override public int count() { return 1; }

    @Override public Device open(int index) { return device; }

    @Override public String describe(int index) { return "computes nothing, counts bytes"; }

    @Override public List<Kernel<?>> kernels() {
        List<Kernel<?>> all = new ArrayList<>();
        for (Class<? extends Op> op : Op.all()) all.add(new Nothing<>(op));
        return all;
    }
}
