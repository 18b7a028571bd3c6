package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Op;

/** Gradients of a norm over the last axis: of the input row by row, of the weight over strips of rows whose sums are added in order. */
abstract class RowNormGradCuda<O extends Op> extends CudaKernel<O> {
    private static final int COLUMNS = 32, LEAST_STRIP = 64, MOST_STRIPS = 256;

    RowNormGradCuda() { super("layer_norm_grad"); }

    @Override public String refuses(O op, Tensor[] in) {
        for (Tensor t : in) if (!t.dtype().isFloating()) return "takes floating types";
        return null;
    }

    /** @param norm layer_norm or rms_norm */
    final void run(String norm, int operand, float eps, Tensor[] in, Tensor out) {
        Tensor x = in[0];
        int n = x.size(-1), block = (int) Math.min(256, 32 * Grid.ceil(Grid.runs(n, x.dtype()), 32));
        long rows = x.count() / n;
        if (operand == 0) {
            launch(in, out, norm + "_grad_x").grid(rows).block(block).arg(x).arg(in[1]).arg(in[2]).arg(out).arg(n).arg(eps).run();
            return;
        }
        long strip = Math.max(LEAST_STRIP, Grid.ceil(rows, MOST_STRIPS));
        int strips = (int) Grid.ceil(rows, strip);
        try (Scope _ = Scope.open()) {
            Tensor moments = Tensor.empty(x.device(), DType.F32, Shape.of(Math.toIntExact(rows), 2));
            Tensor parts = Tensor.empty(x.device(), DType.F32, Shape.of(strips, n));
            launch(in, out, norm + "_moments").grid(rows).block(block).arg(x).arg(moments).arg(n).arg(eps).run();
            launch(in, out, "norm_grad_weight").grid((int) Grid.ceil(n, COLUMNS), strips, 1)
                    .arg(x).arg(in[2]).arg(moments).arg(parts).arg(rows).arg(strip).arg(n).run();
            launch(in, out, "norm_grad_join").grid(Grid.blocks(n)).arg(parts).arg(out).arg(strips).arg(n).run();
        }
    }
}
