package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.op.Conv2dOp;
import jcuda.jcudnn.cudnnPointwiseMode;

/** What one plan of cuDNN computes: all that the choice of the plan depends on. The addresses are given when it runs, in the stated order. */
public sealed interface GraphPattern {
    /** Describes it to cuDNN. */
    void describe(CudnnGraph g);

    /** How many multiplications it takes. */
    double work();

    /** The bytes of its operands and its result. */
    double bytes();

    /** What follows a product. */
    enum Then {
        NOTHING,
        /** Adds a matrix of the result's shape. */
        ADD,
        /** The exact GELU, times a matrix of the result's shape: the gated half of GEGLU. */
        GATE;

        private void describe(CudnnGraph g, CudnnDescriptor other) {
            if (this == ADD) g.then(cudnnPointwiseMode.CUDNN_POINTWISE_ADD, other);
            if (this == GATE) {
                g.then(cudnnPointwiseMode.CUDNN_POINTWISE_GELU_FWD);
                g.then(cudnnPointwiseMode.CUDNN_POINTWISE_MUL, other);
            }
        }
    }

    /**
     * {@code batch} products of A {@code [m, k]} and B {@code [k, n]}, dense and row-major, plus a bias {@code [n]}, and what follows. Addresses: A,
     * B, bias and the other matrix where there are any, result.
     */
    record Product(DType type, int batch, int m, int n, int k, boolean transposeA, boolean transposeB, boolean bias, Then then)
            implements GraphPattern {
        /** {@code rows} of x {@code [rows, k]} times the transpose of a weight {@code [n, k]}. */
        public static Product linear(DType type, int rows, int n, int k, boolean bias, Then then) {
            return new Product(type, 1, rows, n, k, false, true, bias, then);
        }

        @Override public double work() { return (double) batch * m * n * k; }

        @Override public double bytes() {
            return type.bytes() * (batch * ((double) m * k + (double) k * n + (then == Then.NOTHING ? 1 : 2) * (double) m * n) + (bias ? n : 0));
        }

        @Override public void describe(CudnnGraph g) {
            CudnnDescriptor a = matrices(g, type, m, k, transposeA), b = matrices(g, type, k, n, transposeB);
            CudnnDescriptor row = bias ? g.operand(type, new long[] {1, 1, n}, n, n, 1) : null;
            CudnnDescriptor other = then == Then.NOTHING ? null : matrices(g, type, m, n, false);
            g.product(a, b, batch, m, n);
            if (bias) g.then(cudnnPointwiseMode.CUDNN_POINTWISE_ADD, row);
            then.describe(g, other);
            g.result(type);
        }

        private CudnnDescriptor matrices(CudnnGraph g, DType type, int rows, int columns, boolean transposed) {
            long[] sizes = {batch, rows, columns};
            return transposed ? g.operand(type, sizes, (long) rows * columns, 1, rows) : g.operand(type, sizes, (long) rows * columns, columns, 1);
        }
    }

    /**
     * x {@code [rows, k]} times the transpose of a weight {@code [n, k]}, both F8_E4M3, times a scale of each row of x and one of each row of the
     * weight, plus a bias {@code [n]}, and what follows, to {@code result}. Addresses: x, weight, F32 scales of x, F32 scales of the weight, bias and
     * the other matrix where there are any, result.
     *
     * @param each false if x has one scale and the weight has one
     */
    record ScaledProduct(DType result, int rows, int n, int k, boolean each, boolean bias, Then then) implements GraphPattern {
        @Override public double work() { return (double) rows * n * k; }

        @Override public double bytes() { return (double) k * (rows + n) + (then == Then.NOTHING ? 1.0 : 2.0) * result.bytes() * rows * n; }

        @Override public void describe(CudnnGraph g) {
            CudnnDescriptor x = g.operand(DType.F8_E4M3, new long[] {1, rows, k}, (long) rows * k, k, 1);
            CudnnDescriptor w = g.operand(DType.F8_E4M3, new long[] {1, k, n}, (long) n * k, 1, k);
            int ofX = each ? rows : 1, ofW = each ? n : 1;
            CudnnDescriptor scaleX = g.operand(DType.F32, new long[] {1, ofX, 1}, ofX, 1, 1);
            CudnnDescriptor scaleW = g.operand(DType.F32, new long[] {1, 1, ofW}, ofW, ofW, 1);
            CudnnDescriptor row = bias ? g.operand(result, new long[] {1, 1, n}, n, n, 1) : null;
            CudnnDescriptor other = then == Then.NOTHING ? null : g.operand(result, new long[] {1, rows, n}, (long) rows * n, n, 1);
            g.product(x, w, 1, rows, n);
            g.then(cudnnPointwiseMode.CUDNN_POINTWISE_MUL, scaleX);
            g.then(cudnnPointwiseMode.CUDNN_POINTWISE_MUL, scaleW);
            if (bias) g.then(cudnnPointwiseMode.CUDNN_POINTWISE_ADD, row);
            then.describe(g, other);
            g.result(result);
        }
    }

    /**
     * A convolution in NHWC of dense tensors, plus a bias for each channel and an addend. Addresses: x, weight, bias and addend where there are any,
     * a one in host memory if it is {@code apart}, result.
     *
     * @param w      {@code [O, kh, kw, I/groups]}
     * @param addend {@code [B, 1, 1, O]} or the result's shape; null: there is none
     * @param apart  the pixels of the result are every second one of every second row of a map of twice the size
     */
    record Convolution(DType type, Conv2dOp op, Shape x, Shape w, Shape y, boolean bias, Shape addend, boolean apart) implements GraphPattern {
        @Override public double work() { return (double) y.count() * w.count(1, 4); }

        @Override public double bytes() {
            return (double) type.bytes() * (x.count() + w.count() + y.count() + (bias ? w.size(0) : 0) + (addend == null ? 0 : addend.count()));
        }

        @Override public void describe(CudnnGraph g) {
            CudnnDescriptor dx = pixels(g, x), dw = pixels(g, w), row = bias ? pixels(g, Shape.of(1, 1, 1, y.size(3))) : null;
            CudnnDescriptor other = addend == null ? null : pixels(g, addend), one = apart ? g.number(4) : null;
            g.convolution(dx, dw, op, sizes(y), apart ? stepsApart(y) : steps(y));
            // Engines for a bias alone write dense results and copy them; those for any functions write each pixel where it belongs.
            if (apart) g.then(cudnnPointwiseMode.CUDNN_POINTWISE_MUL, one);
            if (bias) g.then(cudnnPointwiseMode.CUDNN_POINTWISE_ADD, row);
            if (other != null) g.then(cudnnPointwiseMode.CUDNN_POINTWISE_ADD, other);
            g.result(type);
        }

        private CudnnDescriptor pixels(CudnnGraph g, Shape s) { return g.operand(type, sizes(s), steps(s)); }

        private static long[] sizes(Shape s) { return new long[] {s.size(0), s.size(3), s.size(1), s.size(2)}; }

        private static long[] steps(Shape s) {
            long c = s.size(3), row = c * s.size(2);
            return new long[] {row * s.size(1), 1, row, c};
        }

        private static long[] stepsApart(Shape s) {
            long c = 2L * s.size(3), row = 2 * c * s.size(2);
            return new long[] {row * s.size(1), 1, row, c};
        }
    }

    /**
     * A convolution in NHWC of x {@code [B, H, W, I]} and a weight {@code [O, kh, kw, I]}, both F8_E4M3, times a scale of each sample of x and one of
     * each output, plus a bias and an addend, to {@code result}. Addresses: x, weight, F32 scales of x, F32 scales of the weight, bias and addend
     * where there are any, result.
     *
     * @param addend {@code [B, 1, 1, O]} or the result's shape; null: there is none
     */
    record ScaledConvolution(DType result, Conv2dOp op, Shape x, Shape w, Shape y, boolean bias, Shape addend) implements GraphPattern {
        @Override public double work() { return (double) y.count() * w.count(1, 4); }

        @Override public double bytes() {
            return x.count() + w.count() + (double) result.bytes() * (y.count() + (bias ? w.size(0) : 0) + (addend == null ? 0 : addend.count()));
        }

        @Override public void describe(CudnnGraph g) {
            CudnnDescriptor dx = pixels(g, DType.F8_E4M3, x), dw = pixels(g, DType.F8_E4M3, w);
            Shape each = Shape.of(1, 1, 1, w.size(0));
            CudnnDescriptor scaleX = pixels(g, DType.F32, Shape.of(x.size(0), 1, 1, 1)), scaleW = pixels(g, DType.F32, each);
            CudnnDescriptor row = bias ? pixels(g, result, each) : null, other = addend == null ? null : pixels(g, result, addend);
            g.convolution(dx, dw, op, Convolution.sizes(y), Convolution.steps(y));
            g.then(cudnnPointwiseMode.CUDNN_POINTWISE_MUL, scaleX);
            g.then(cudnnPointwiseMode.CUDNN_POINTWISE_MUL, scaleW);
            if (bias) g.then(cudnnPointwiseMode.CUDNN_POINTWISE_ADD, row);
            if (other != null) g.then(cudnnPointwiseMode.CUDNN_POINTWISE_ADD, other);
            g.result(result);
        }

        private static CudnnDescriptor pixels(CudnnGraph g, DType type, Shape s) {
            return g.operand(type, Convolution.sizes(s), Convolution.steps(s));
        }
    }

    /**
     * Attention, heads side by side in rows, with the result's rows dense. Addresses: q, k, v, the scale (one F32 in host memory), result.
     *
     * @param width   of a head
     * @param rowsOfQ elements from one row of q to the next; k and v have theirs
     */
    record Attention(DType type, int batch, int heads, int queries, int keys, int width, int rowsOfQ, int rowsOfK) implements GraphPattern {
        @Override public double work() { return 2.0 * batch * heads * queries * keys * width; }

        @Override public double bytes() { return 2.0 * type.bytes() * batch * heads * width * ((double) queries + keys); }

        @Override public void describe(CudnnGraph g) {
            CudnnDescriptor q = heads(g, queries, rowsOfQ), k = heads(g, keys, rowsOfK), v = heads(g, keys, rowsOfK), scale = g.number(4);
            long row = (long) heads * width;
            g.attention(q, k, v, scale, new long[] {batch, heads, queries, width}, new long[] {queries * row, width, row, 1});
            g.result(type);
        }

        private CudnnDescriptor heads(CudnnGraph g, int rows, long step) {
            return g.operand(type, new long[] {batch, heads, rows, width}, rows * step, width, step, 1);
        }
    }
}
