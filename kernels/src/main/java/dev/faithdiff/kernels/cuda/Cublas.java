package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.BinaryOp;
import dev.faithdiff.tensor.op.CastOp;
import dev.faithdiff.tensor.op.Engine;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jcuda.Pointer;
import jcuda.cudaDataType;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasGemmAlgo;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasMath;
import jcuda.jcublas.cublasOperation;
import jcuda.runtime.cudaStream_t;

/**
 * cuBLAS on one device: products of row-major matrices with sums in F32 and without TF32. cuBLAS expects column-major matrices, and a row-major
 * matrix read that way is its transpose: {@code C = A B} is requested as {@code C^T = B^T A^T}.
 */
public final class Cublas {
    /** Bytes of scratch memory: as much as cuBLAS would take for itself on Hopper. */
    static final long WORKSPACE = 32L << 20;
    static final int F32 = cudaDataType.CUDA_R_32F;

    private final CudaDevice device;
    private final cublasHandle handle = new cublasHandle();
    private final Pointer one, zero;
    private final long workspace;

    Cublas(CudaDevice device) {
        this.device = device;
        MemorySegment numbers = Arena.global().allocate(8, 8);
        numbers.set(ValueLayout.JAVA_FLOAT, 0, 1);
        numbers.set(ValueLayout.JAVA_FLOAT, 4, 0);
        one = Address.host(numbers.address());
        zero = Address.host(numbers.address() + 4);
        check(JCublas2.cublasCreate(handle), "cublasCreate");
        check(JCublas2.cublasSetStream(handle, new cudaStream_t(device.stream())), "cublasSetStream");
        check(JCublas2.cublasSetMathMode(handle, cublasMath.CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION), "cublasSetMathMode");
        // From the pool it is counted, and it keeps its address for graphs.
        workspace = device.pool().take(WORKSPACE);
        check(JCublas2.cublasSetWorkspace(handle, Address.device(workspace), WORKSPACE), "cublasSetWorkspace");
    }

    /** The version of the library: 130100 is 13.1.0. */
    static int version() {
        int version = 0;
        int[] value = {0};
        for (int part = 0; part < 3; part++) {
            int code = JCublas2.cublasGetProperty(part, value);
            if (code != 0) throw new CudaError("cublasGetProperty failed with cuBLAS status " + code);
            version = 100 * version + value[0];
        }
        return version;
    }

    /** Address of its scratch memory, {@link #WORKSPACE} bytes, which others may use in turn on the device's one stream. */
    long workspace() { return workspace; }

    /**
     * Matrices of one product each, row-major in memory.
     *
     * @param transposed whether the product takes the transpose of what is stored
     * @param step       elements from one stored row to the next
     * @param apart      elements from one matrix to the next
     */
    public record Matrices(long address, DType dtype, boolean transposed, int step, long apart) {
        /** Dense matrices that follow one another without gaps. @param columns of the stored matrix */
        public static Matrices dense(long address, DType dtype, boolean transposed, int rows, int columns) {
            return new Matrices(address, dtype, transposed, columns, (long) rows * columns);
        }
    }

    /** {@code C [m, n] = A [m, k] B [k, n]}; a flag says that an operand is stored transposed. A, B and C are of one type. */
    public void product(DType dtype, boolean transposeA, boolean transposeB, int m, int n, int k, long a, long b, long c) {
        int type = type(dtype);
        device.request(() -> check(JCublas2.cublasGemmEx_new(handle, operation(transposeB), operation(transposeA), n, m, k, one,
                Address.device(b), type, transposeB ? k : n, Address.device(a), type, transposeA ? m : k, zero,
                Address.device(c), type, n, cublasComputeType.CUBLAS_COMPUTE_32F, cublasGemmAlgo.CUBLAS_GEMM_DEFAULT), "cublasGemmEx"));
    }

    /** {@code batch} products of dense matrices that follow one another without gaps. */
    public void products(DType dtype, boolean transposeA, boolean transposeB, int batch, int m, int n, int k, long a, long b, long c) {
        products(batch, m, n, k, Matrices.dense(a, dtype, transposeA, transposeA ? k : m, transposeA ? m : k),
                Matrices.dense(b, dtype, transposeB, transposeB ? n : k, transposeB ? k : n), Matrices.dense(c, dtype, false, m, n));
    }

    /** {@code batch} products of A {@code [m, k]} and B {@code [k, n]} of one type into C {@code [m, n]} of that type or of F32. */
    public void products(int batch, int m, int n, int k, Matrices a, Matrices b, Matrices c) {
        device.request(() -> check(JCublas2.cublasGemmStridedBatchedEx_new(handle, operation(b.transposed), operation(a.transposed), n, m, k, one,
                Address.device(b.address), type(b.dtype), b.step, b.apart, Address.device(a.address), type(a.dtype), a.step, a.apart, zero,
                Address.device(c.address), type(c.dtype), c.step, c.apart, batch, cublasComputeType.CUBLAS_COMPUTE_32F,
                cublasGemmAlgo.CUBLAS_GEMM_DEFAULT), "cublasGemmStridedBatchedEx"));
    }

    /** True for the types that it multiplies: F32, F16 and BF16. */
    public static boolean takes(DType t) { return t == DType.F32 || t == DType.F16 || t == DType.BF16; }

    /**
     * A weight in the activation's type: the weight itself, or a converted copy in the current scope. It is converted at each use, so that of weights
     * kept in 8 bits only the layer at work takes more memory.
     */
    public static Tensor like(Tensor weight, DType dtype) {
        if (weight.dtype() == dtype) return weight;
        Tensor wide = Tensor.empty(weight.device(), dtype, weight.shape());
        Engine.update(new CastOp(dtype), wide, weight);
        return wide;
    }

    /** Adds one value for each element of the last axis, in place. */
    public static void addBias(Tensor out, Tensor bias) { Engine.update(new BinaryOp(BinaryOp.Kind.ADD), out, out, bias); }

    static int type(DType t) {
        return t == DType.F32 ? F32 : t == DType.F16 ? cudaDataType.CUDA_R_16F : cudaDataType.CUDA_R_16BF;
    }

    private static int operation(boolean transposed) { return transposed ? cublasOperation.CUBLAS_OP_T : cublasOperation.CUBLAS_OP_N; }

    private void check(int code, String call) {
        if (code != 0) throw new CudaError(call + " failed on " + device.name() + " with cuBLAS status " + code);
    }
}
