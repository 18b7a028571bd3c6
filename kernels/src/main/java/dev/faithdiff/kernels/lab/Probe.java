package dev.faithdiff.kernels.lab;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;
import java.util.List;

/** A quick check of a device: one small case of each op of inference, on the kernel that would run it. */
public final class Probe {
    private Probe() {}

    /** Null if every result is within its tolerance, else a sentence about the first failure. @param dtype the type of activations */
    public static String failure(Device device, DType dtype) {
        for (Class<? extends Op> op : Cases.ops()) {
            if (op.isMemberClass()) continue; // gradients and what else only training runs
            for (Case c : Cases.parity(op)) {
                List<Kernel<?>> takers = c.types().activation() == dtype ? Bench.takers(c, device) : List.of();
                if (takers.isEmpty()) continue;
                Parity.Result result = Parity.run(takers.getFirst(), c, device);
                if (result.failure() != null) return result.kernel() + " fails on " + result.name() + ": " + result.failure();
                break;
            }
        }
        return null;
    }
}
