package dev.faithdiff.restore.forecast;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Storage;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Op;
import java.util.Arrays;
import java.util.List;

/** An op on operands of some shapes, as a kernel computes it: one kind of work of a restoration. */
record OpWork(Op op, String kernel, List<Shape> shapes, List<DType> dtypes) {
    /** What a byte costs beside an operation. Kernels differ in both, and rates are kept by kernel, so this need only be about right. */
    private static final int BYTE = 10;
    /** Operands of more than this cost or these bytes are not measured but shorter ones, since time grows with them. */
    private static final long MOST = 1L << 32, MOST_BYTES = 64L << 20;

    static OpWork of(Op op, Tensor[] in, String kernel) {
        return new OpWork(op, kernel, Arrays.stream(in).map(Tensor::shape).toList(), Arrays.stream(in).map(Tensor::dtype).toList());
    }

    /** Operations and bytes in one number, of which the time is a multiple for long operands of one width. */
    static long cost(Op op, Tensor[] in) { return op.flops(in) + BYTE * op.bytes(in); }

    /**
     * What the time for a unit of cost depends on, but for the length: kernel, types, widths of the first operand and of the result, and operations
     * for each number of the result.
     */
    static String name(Op op, Tensor[] in, Tensor out, String kernel) {
        StringBuilder types = new StringBuilder();
        for (Tensor t : in) types.append(t.dtype() == DType.F32 ? "" : t.dtype() + ".");
        long depth = 64 - Long.numberOfLeadingZeros(op.flops(in) / Math.max(1, out.count()));
        return kernel + "/" + types + in[0].size(-1) + "-" + out.size(-1) + "-" + depth;
    }

    /**
     * Times the work on a device, or shorter work of its kind, and tells the observer of each run but the first.
     *
     * @param nanos for all runs
     */
    void time(Device device, long nanos, Engine.Observer observer) {
        try (Scope _ = Scope.open()) {
            Tensor[] in = operands(device);
            long begin = System.nanoTime();
            run(in);
            do {
                Engine.observed(observer, () -> run(in));
            } while (System.nanoTime() - begin < nanos);
        }
    }

    /** Zeros: fewer along the axis that grows with the photo if there are too many. */
    private Tensor[] operands(Device device) {
        Tensor[] outline = new Tensor[shapes.size()], in = new Tensor[shapes.size()];
        for (int i = 0; i < in.length; i++) outline[i] = new Tensor(new Storage(device, 0, bytes(i), null), 0, shapes.get(i), dtypes.get(i), null);
        double share = Math.min(MOST / (double) cost(op, outline), MOST_BYTES / (double) op.bytes(outline));
        Shape first = shapes.getFirst();
        int axis = first.rank() > 2 ? 1 : 0, size = first.size(axis);
        for (int i = 0; i < in.length; i++) {
            Shape s = shapes.get(i);
            int[] sizes = new int[s.rank()];
            for (int a = 0; a < sizes.length; a++) sizes[a] = s.size(a);
            if (share < 1 && s.rank() == first.rank() && s.size(axis) == size) sizes[axis] = Math.max(1, (int) (size * share));
            in[i] = Tensor.zeros(device, dtypes.get(i), Shape.of(sizes));
        }
        return in;
    }

    private long bytes(int operand) { return shapes.get(operand).count() * dtypes.get(operand).bytes(); }

    private boolean run(Tensor[] in) {
        try (Scope _ = Scope.open()) {
            Engine.run(op, in);
            return true;
        }
    }
}
