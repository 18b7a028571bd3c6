package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Op;
import dev.faithdiff.tensor.op.ResizeOp.Kind;

/** Resizing by weighted sums, or its gradient: first one axis, then the other, with F32 between them. */
abstract class ResizeAxesCuda<O extends Op> extends CudaKernel<O> {
    private final String entry;

    ResizeAxesCuda(String entry) {
        super("resize");
        this.entry = entry;
    }

    /** @param height of the result */
    static String refusal(Kind kind, Tensor x, int height) {
        if (kind == Kind.NEAREST) return "takes BILINEAR and BICUBIC";
        return x.dtype().isFloating() ? Grid.tooMany(Math.max(x.count(), x.shape().with(1, height).count())) : "takes a floating type";
    }

    final void run(Kind kind, boolean antialias, double factor, Tensor x, Tensor out) {
        try (Scope _ = Scope.open()) {
            Tensor rows = Tensor.empty(out.device(), DType.F32, x.shape().with(1, out.size(1)));
            axis(1, kind, antialias, factor, x, rows);
            axis(2, kind, antialias, factor, rows, out);
        }
    }

    private void axis(int axis, Kind kind, boolean antialias, double factor, Tensor x, Tensor y) {
        long outer = x.shape().count(0, axis), inner = x.shape().count(axis + 1, 4);
        long runs = Grid.runs(inner, y.dtype()), threads = outer * y.size(axis) * runs;
        boolean back = entry.equals("resize_back");
        int inputs = back ? y.size(axis) : x.size(axis), outputs = back ? x.size(axis) : y.size(axis);
        double step = factor > 0 ? 1 / factor : (double) inputs / outputs;
        launch(new Tensor[] {x}, y, entry).grid(Grid.blocks(threads))
                .arg(x).arg(y).arg(threads).arg((int) runs).arg((int) inner).arg(inputs).arg(outputs).arg(step)
                .arg(kind == Kind.BICUBIC ? 1 : 0).arg(antialias ? 1 : 0).run();
    }
}
