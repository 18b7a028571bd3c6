package dev.faithdiff.kernels.cuda;

import static jcuda.jcudnn.cudnnBackendAttributeName.*;
import static jcuda.jcudnn.cudnnBackendAttributeType.CUDNN_TYPE_CONVOLUTION_MODE;
import static jcuda.jcudnn.cudnnBackendAttributeType.CUDNN_TYPE_DATA_TYPE;
import static jcuda.jcudnn.cudnnBackendAttributeType.CUDNN_TYPE_POINTWISE_MODE;
import static jcuda.jcudnn.cudnnBackendDescriptorType.*;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.op.Conv2dOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import jcuda.jcudnn.cudnnConvolutionMode;
import jcuda.jcudnn.cudnnDataType;

/**
 * Operations of cuDNN, each on the result of the one before, that a plan computes in one pass. Sums and what lies between operations are F32.
 * Operands are numbered from 1 in the order in which they are named; so are the addresses that a plan is run with.
 */
final class CudnnGraph implements AutoCloseable {
    /** cuDNN promises its fast engines addresses that are multiples of it. */
    static final int ALIGNMENT = 16;

    private static final int BY_VALUE = CUDNN_ATTR_TENSOR_IS_VIRTUAL + 1;
    private static final int FLOAT = cudnnDataType.CUDNN_DATA_FLOAT, E4M3 = 12, BETWEEN = 1000;

    private final List<CudnnDescriptor> made = new ArrayList<>(), operations = new ArrayList<>();
    private int operands, between;
    private Consumer<CudnnDescriptor> last;
    private long[] sizes, steps;

    /** The next operand. @param steps elements from one index of each axis to the next */
    CudnnDescriptor operand(DType type, long[] sizes, long... steps) { return tensor(++operands, type, sizes, steps).finish("a tensor"); }

    /** The next operand: one F32 in host memory, read when the plan is run. */
    CudnnDescriptor number(int rank) {
        long[] one = new long[rank];
        Arrays.fill(one, 1);
        return tensor(++operands, DType.F32, one, one).yes(BY_VALUE).finish("a number");
    }

    /** Dense matrix products {@code [batch, m, n]}. */
    void product(CudnnDescriptor a, CudnnDescriptor b, long... sizes) {
        CudnnDescriptor how = add(CUDNN_BACKEND_MATMUL_DESCRIPTOR).value(CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, FLOAT)
                .finish("a product");
        begin(sizes, new long[] {sizes[1] * sizes[2], sizes[2], 1}, y -> operation(CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR)
                .parts(CUDNN_ATTR_OPERATION_MATMUL_DESC, how).parts(CUDNN_ATTR_OPERATION_MATMUL_ADESC, a).parts(CUDNN_ATTR_OPERATION_MATMUL_BDESC, b)
                .parts(CUDNN_ATTR_OPERATION_MATMUL_CDESC, y).finish("a product"));
    }

    /** A convolution; sizes and steps are in cuDNN's order N, C, H, W. */
    void convolution(CudnnDescriptor x, CudnnDescriptor w, Conv2dOp op, long[] sizes, long[] steps) {
        CudnnDescriptor how = add(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR).value(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, FLOAT)
                .value(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, cudnnConvolutionMode.CUDNN_CROSS_CORRELATION)
                .longs(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, 2).longs(CUDNN_ATTR_CONVOLUTION_DILATIONS, 1, 1)
                .longs(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, op.stride(), op.stride())
                .longs(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, op.top(), op.left())
                .longs(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, op.bottom(), op.right()).finish("a convolution");
        begin(sizes, steps, y -> operation(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR)
                .parts(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, how).parts(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, x)
                .parts(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, w).parts(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, y)
                .number(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, 1).number(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, 0)
                .finish("a convolution"));
    }

    /** Attention of q on k and v, all {@code [batch, heads, rows, width]}; cuDNN 9.13 has it as one operation. */
    void attention(CudnnDescriptor q, CudnnDescriptor k, CudnnDescriptor v, CudnnDescriptor scale, long[] sizes, long[] steps) {
        int first = 2800;
        begin(sizes, steps, y -> operation(CudnnDescriptor.ATTENTION).parts(first, q).parts(first + 1, k).parts(first + 2, v).parts(first + 3, y)
                .parts(first + 5, scale).finish("attention"));
    }

    /** Applies a function, with another operand if it has two. @param mode one of {@link jcuda.jcudnn.cudnnPointwiseMode} */
    void then(int mode, CudnnDescriptor... other) {
        CudnnDescriptor x = tensor(BETWEEN + between++, DType.F32, sizes, steps).yes(CUDNN_ATTR_TENSOR_IS_VIRTUAL).finish("a tensor");
        last.accept(x);
        CudnnDescriptor how = add(CUDNN_BACKEND_POINTWISE_DESCRIPTOR).value(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, mode)
                .value(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, FLOAT).finish("a function");
        last = y -> {
            CudnnDescriptor op = operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR).parts(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, how)
                    .parts(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x).parts(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
            if (other.length > 0) op.parts(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, other);
            op.finish("a function");
        };
    }

    /** The last operand: what the last operation gives. */
    void result(DType type) { last.accept(operand(type, sizes, steps)); }

    /** The finished graph, which lives as long as this. */
    CudnnDescriptor graph(CudnnTarget target) {
        CudnnDescriptor graph = add(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
        target.inGraph(graph);
        return graph.parts(CUDNN_ATTR_OPERATIONGRAPH_OPS, operations.toArray(CudnnDescriptor[]::new)).finish("a graph");
    }

    private void begin(long[] sizes, long[] steps, Consumer<CudnnDescriptor> operation) {
        this.sizes = sizes;
        this.steps = steps;
        last = operation;
    }

    private CudnnDescriptor add(int kind) {
        CudnnDescriptor d = new CudnnDescriptor(kind);
        made.add(d);
        return d;
    }

    private CudnnDescriptor operation(int kind) {
        CudnnDescriptor d = add(kind);
        operations.add(d);
        return d;
    }

    private CudnnDescriptor tensor(int number, DType type, long[] sizes, long[] steps) {
        return add(CUDNN_BACKEND_TENSOR_DESCRIPTOR).longs(CUDNN_ATTR_TENSOR_UNIQUE_ID, number)
                .value(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, type(type)).longs(CUDNN_ATTR_TENSOR_DIMENSIONS, sizes)
                .longs(CUDNN_ATTR_TENSOR_STRIDES, steps).longs(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, ALIGNMENT);
    }

    private static int type(DType t) {
        return switch (t) {
            case F32 -> cudnnDataType.CUDNN_DATA_FLOAT;
            case F16 -> cudnnDataType.CUDNN_DATA_HALF;
            case BF16 -> cudnnDataType.CUDNN_DATA_BFLOAT16;
            case F8_E4M3 -> E4M3;
            default -> throw new CudaError("cuDNN's graphs take no " + t);
        };
    }

    @Override public void close() {
        for (CudnnDescriptor d : made.reversed()) d.close();
        made.clear();
    }
}
