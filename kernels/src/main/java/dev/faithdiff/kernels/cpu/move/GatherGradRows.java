package dev.faithdiff.kernels.cpu.move;

import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GatherOp;
import dev.faithdiff.tensor.op.Kernel;

/** Adds the rows of the gradient into the table one after the other, so that rows of equal index are added in a fixed order. */
public final class GatherGradRows implements Kernel<GatherOp.Grad> {
    @Override public Class<GatherOp.Grad> op() { return GatherOp.Grad.class; }

    @Override public String refuses(GatherOp.Grad op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override public void run(GatherOp.Grad op, Tensor[] in, Tensor out) {
        Tensor indices = in[1];
        int c = out.size(1);
        Chunks.run(out.bytes(), 4 * Chunks.GRAIN, (at, count) -> Copy.zero(out.address() + at, count));
        for (long i = 0; i < indices.count(); i++) {
            long index = indices.dtype().getLong(Vec.MEMORY, indices.address() + i * indices.dtype().bytes());
            if (index < 0 || index >= op.rows()) op.require(false, in, "index " + index + " is not a row of the table");
            add(in[0].address() + 4 * i * c, out.address() + 4 * index * c, c);
        }
    }

    private static void add(long from, long to, int n) {
        int i = 0;
        for (; i <= n - LANES; i += LANES) Vec.store(Vec.load(to + 4L * i).add(Vec.load(from + 4L * i)), to + 4L * i);
        for (; i < n; i++) Vec.set(to + 4L * i, Vec.get(to + 4L * i) + Vec.get(from + 4L * i));
    }
}
