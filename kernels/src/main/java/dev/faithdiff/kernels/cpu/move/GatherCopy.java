package dev.faithdiff.kernels.cpu.move;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.ToFloat;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GatherOp;
import dev.faithdiff.tensor.op.Kernel;

/** Rows of a table as bulk copies; rows of an F8 table are converted to F32. */
public final class GatherCopy implements Kernel<GatherOp> {
    @Override public Class<GatherOp> op() { return GatherOp.class; }

    @Override public void run(GatherOp op, Tensor[] in, Tensor out) {
        Tensor table = in[0], indices = in[1];
        int width = table.size(1);
        long row = (long) width * table.dtype().bytes(), line = (long) width * out.dtype().bytes();
        Chunks.rows(indices.count(), line / 4, (first, count) -> {
            for (long i = first; i < first + count; i++) {
                long index = indices.dtype().getLong(Vec.MEMORY, indices.address() + i * indices.dtype().bytes());
                if (index < 0 || index >= table.size(0)) op.require(false, in, "index " + index + " is not a row of the table");
                long from = table.address() + index * row, to = out.address() + i * line;
                if (table.dtype() == out.dtype()) Copy.bytes(from, to, row);
                else ToFloat.row(table.dtype(), from, width, to);
            }
        });
    }
}
