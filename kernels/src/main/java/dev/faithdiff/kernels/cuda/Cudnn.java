package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.host.DiskCache;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import jcuda.Pointer;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnConvolutionBwdDataAlgoPerf;
import jcuda.jcudnn.cudnnConvolutionBwdFilterAlgoPerf;
import jcuda.jcudnn.cudnnConvolutionDescriptor;
import jcuda.jcudnn.cudnnConvolutionFwdAlgoPerf;
import jcuda.jcudnn.cudnnConvolutionMode;
import jcuda.jcudnn.cudnnDataType;
import jcuda.jcudnn.cudnnDeterminism;
import jcuda.jcudnn.cudnnFilterDescriptor;
import jcuda.jcudnn.cudnnMathType;
import jcuda.jcudnn.cudnnTensorDescriptor;
import jcuda.jcudnn.cudnnTensorFormat;
import jcuda.runtime.cudaStream_t;

/**
 * cuDNN on one device: convolutions in NHWC with sums in F32, on tensor cores except for F32. All algorithms for a shape are measured at its first
 * use on this kind of GPU with this version of cuDNN, and the fastest is kept on disk. Gradients use only algorithms that give the same bits in
 * each run.
 */
public final class Cudnn {
    /** What is computed: y, the gradient of x, or the gradient of the weight. The other two of the three tensors are given. */
    public enum Pass { FORWARD, INPUT_GRAD, WEIGHT_GRAD }

    /** Everything that the choice of an algorithm depends on. The number of groups is x's channels over the weight's. */
    public record Problem(Pass pass, DType dtype, Shape x, Shape w, Shape y, int stride, int top, int left) {}

    private record Plan(cudnnTensorDescriptor x, cudnnFilterDescriptor w, cudnnTensorDescriptor y, cudnnConvolutionDescriptor how,
            int algorithm, long workspace) {}

    /** The measurement of one algorithm; one record for cuDNN's three kinds of results. */
    private record Measured(int algorithm, int status, int determinism) {
        boolean repeatable() { return determinism == cudnnDeterminism.CUDNN_DETERMINISTIC; }
    }

    private static final String ENDING = ".cudnn";
    private static final int ASK_FOR = 16;
    private static final long MOST_WORKSPACE = 512L << 20;

    private final CudaDevice device;
    private final CudnnTarget.Handle handle = new CudnnTarget.Handle();
    private final Pointer one, zero;
    private final Map<Problem, Plan> plans = new HashMap<>();
    private final DiskCache cache;
    private final String where;
    private final CudnnPlans graphPlans;

    /** @param cache where chosen algorithms are kept */
    Cudnn(CudaDevice device, DiskCache cache) {
        this.device = device;
        this.cache = cache;
        where = device.model() + " " + device.architecture() + " cuDNN " + JCudnn.cudnnGetVersion();
        MemorySegment numbers = Arena.global().allocate(8, 8);
        numbers.set(ValueLayout.JAVA_FLOAT, 0, 1);
        numbers.set(ValueLayout.JAVA_FLOAT, 4, 0);
        one = Address.host(numbers.address());
        zero = Address.host(numbers.address() + 4);
        check(JCudnn.cudnnCreate(handle), "cudnnCreate");
        check(JCudnn.cudnnSetStream(handle, new cudaStream_t(device.stream())), "cudnnSetStream");
        graphPlans = new CudnnPlans(device, new CudnnTarget(handle), cache);
    }

    /** The plans of its graph API. */
    public CudnnPlans plans() { return graphPlans; }

    /** Null if cuDNN computes a convolution of these operands, else the reason. */
    public static String refuses(Tensor... in) {
        if (!Cublas.takes(in[0].dtype())) return "computes in F32, F16 and BF16";
        for (Tensor t : in) {
            if (!t.dtype().isFloating()) return "computes in F32, F16 and BF16";
            if (t.count() == 0) return "there is nothing to multiply";
            if (t.count() > Integer.MAX_VALUE) return "cuDNN counts elements in 32 bits";
        }
        return null;
    }

    /** Fills the one of x, w and y that the pass computes. */
    public void run(Problem p, long x, long w, long y) { device.request(() -> compute(p, x, w, y)); }

    private void compute(Problem p, long x, long w, long y) {
        try (Scope _ = Scope.open()) {
            Plan plan = plans.get(p);
            if (plan == null) {
                plan = plan(p, x, w, y);
                plans.put(p, plan);
            }
            Pointer scratch = Address.device(plan.workspace() == 0 ? 0 : bytes(plan.workspace()).address());
            Pointer px = Address.device(x), pw = Address.device(w), py = Address.device(y);
            check(switch (p.pass()) {
                case FORWARD -> JCudnn.cudnnConvolutionForward(handle, one, plan.x(), px, plan.w(), pw, plan.how(), plan.algorithm(), scratch,
                        plan.workspace(), zero, plan.y(), py);
                case INPUT_GRAD -> JCudnn.cudnnConvolutionBackwardData(handle, one, plan.w(), pw, plan.y(), py, plan.how(), plan.algorithm(),
                        scratch, plan.workspace(), zero, plan.x(), px);
                case WEIGHT_GRAD -> JCudnn.cudnnConvolutionBackwardFilter(handle, one, plan.x(), px, plan.y(), py, plan.how(), plan.algorithm(),
                        scratch, plan.workspace(), zero, plan.w(), pw);
            }, "convolution " + p);
        }
    }

    private Plan plan(Problem p, long x, long w, long y) {
        cudnnTensorDescriptor dx = tensor(p.x(), p.dtype()), dy = tensor(p.y(), p.dtype());
        cudnnFilterDescriptor dw = new cudnnFilterDescriptor();
        check(JCudnn.cudnnCreateFilterDescriptor(dw), "cudnnCreateFilterDescriptor");
        check(JCudnn.cudnnSetFilter4dDescriptor(dw, type(p.dtype()), cudnnTensorFormat.CUDNN_TENSOR_NHWC, p.w().size(0), p.w().size(3),
                p.w().size(1), p.w().size(2)), "cudnnSetFilter4dDescriptor");
        cudnnConvolutionDescriptor how = new cudnnConvolutionDescriptor();
        check(JCudnn.cudnnCreateConvolutionDescriptor(how), "cudnnCreateConvolutionDescriptor");
        check(JCudnn.cudnnSetConvolution2dDescriptor(how, p.top(), p.left(), p.stride(), p.stride(), 1, 1,
                cudnnConvolutionMode.CUDNN_CROSS_CORRELATION, cudnnDataType.CUDNN_DATA_FLOAT), "cudnnSetConvolution2dDescriptor");
        int groups = p.x().size(3) / p.w().size(3);
        if (groups > 1) check(JCudnn.cudnnSetConvolutionGroupCount(how, groups), "cudnnSetConvolutionGroupCount");
        // Without an explicit FMA math type, cuDNN computes F32 in TF32.
        check(JCudnn.cudnnSetConvolutionMathType(how, p.dtype() == DType.F32 ? cudnnMathType.CUDNN_FMA_MATH : cudnnMathType.CUDNN_TENSOR_OP_MATH),
                "cudnnSetConvolutionMathType");
        long most = Math.min(MOST_WORKSPACE, device.freeBytes() / 4);
        long[] size = {0};
        int kept = kept(p);
        if (kept >= 0 && workspace(p.pass(), dx, dw, how, dy, kept, size) == 0 && size[0] <= most) return new Plan(dx, dw, dy, how, kept, size[0]);
        try (Scope _ = Scope.open()) {
            Pointer scratch = Address.device(bytes(most).address());
            Pointer px = Address.device(x), pw = Address.device(w), py = Address.device(y);
            for (Measured m : measure(p.pass(), dx, px, dw, pw, how, dy, py, scratch, most)) {
                if (m.status() != 0 || p.pass() != Pass.FORWARD && !m.repeatable()) continue;
                if (workspace(p.pass(), dx, dw, how, dy, m.algorithm(), size) != 0 || size[0] > most) continue;
                cache.keepNamed(key(p), ENDING, String.valueOf(m.algorithm()).getBytes(StandardCharsets.UTF_8));
                return new Plan(dx, dw, dy, how, m.algorithm(), size[0]);
            }
        }
        throw new CudaError("cuDNN has no algorithm for the convolution " + p);
    }

    /** What the choice depends on. */
    private String key(Problem p) { return where + " " + p; }

    /** The algorithm that an earlier run of the program chose, or -1. A damaged entry is ignored. */
    private int kept(Problem p) {
        byte[] content = cache.findNamed(key(p), ENDING);
        String text = content == null ? "" : new String(content, StandardCharsets.UTF_8);
        return text.matches("\\d{1,3}") ? Integer.parseInt(text) : -1;
    }

    /** All algorithms, fastest first. */
    private Measured[] measure(Pass pass, cudnnTensorDescriptor dx, Pointer x, cudnnFilterDescriptor dw, Pointer w, cudnnConvolutionDescriptor how,
            cudnnTensorDescriptor dy, Pointer y, Pointer scratch, long most) {
        int[] count = {0};
        Measured[] found = new Measured[ASK_FOR];
        switch (pass) {
            case FORWARD -> {
                cudnnConvolutionFwdAlgoPerf[] a = new cudnnConvolutionFwdAlgoPerf[ASK_FOR];
                for (int i = 0; i < ASK_FOR; i++) a[i] = new cudnnConvolutionFwdAlgoPerf();
                check(JCudnn.cudnnFindConvolutionForwardAlgorithmEx(handle, dx, x, dw, w, how, dy, y, ASK_FOR, count, a, scratch, most),
                        "cudnnFindConvolutionForwardAlgorithmEx");
                for (int i = 0; i < count[0]; i++) found[i] = new Measured(a[i].algo, a[i].status, a[i].determinism);
            }
            case INPUT_GRAD -> {
                cudnnConvolutionBwdDataAlgoPerf[] a = new cudnnConvolutionBwdDataAlgoPerf[ASK_FOR];
                for (int i = 0; i < ASK_FOR; i++) a[i] = new cudnnConvolutionBwdDataAlgoPerf();
                check(JCudnn.cudnnFindConvolutionBackwardDataAlgorithmEx(handle, dw, w, dy, y, how, dx, x, ASK_FOR, count, a, scratch, most),
                        "cudnnFindConvolutionBackwardDataAlgorithmEx");
                for (int i = 0; i < count[0]; i++) found[i] = new Measured(a[i].algo, a[i].status, a[i].determinism);
            }
            case WEIGHT_GRAD -> {
                cudnnConvolutionBwdFilterAlgoPerf[] a = new cudnnConvolutionBwdFilterAlgoPerf[ASK_FOR];
                for (int i = 0; i < ASK_FOR; i++) a[i] = new cudnnConvolutionBwdFilterAlgoPerf();
                check(JCudnn.cudnnFindConvolutionBackwardFilterAlgorithmEx(handle, dx, x, dy, y, how, dw, w, ASK_FOR, count, a, scratch, most),
                        "cudnnFindConvolutionBackwardFilterAlgorithmEx");
                for (int i = 0; i < count[0]; i++) found[i] = new Measured(a[i].algo, a[i].status, a[i].determinism);
            }
        }
        return Arrays.copyOf(found, count[0]);
    }

    private int workspace(Pass pass, cudnnTensorDescriptor x, cudnnFilterDescriptor w, cudnnConvolutionDescriptor how, cudnnTensorDescriptor y,
            int algorithm, long[] size) {
        return switch (pass) {
            case FORWARD -> JCudnn.cudnnGetConvolutionForwardWorkspaceSize(handle, x, w, how, y, algorithm, size);
            case INPUT_GRAD -> JCudnn.cudnnGetConvolutionBackwardDataWorkspaceSize(handle, w, y, how, x, algorithm, size);
            case WEIGHT_GRAD -> JCudnn.cudnnGetConvolutionBackwardFilterWorkspaceSize(handle, x, y, how, w, algorithm, size);
        };
    }

    /** NHWC: cuDNN names sizes in the order N, C, H, W whatever the layout. */
    private cudnnTensorDescriptor tensor(Shape s, DType dtype) {
        cudnnTensorDescriptor d = new cudnnTensorDescriptor();
        check(JCudnn.cudnnCreateTensorDescriptor(d), "cudnnCreateTensorDescriptor");
        check(JCudnn.cudnnSetTensor4dDescriptor(d, cudnnTensorFormat.CUDNN_TENSOR_NHWC, type(dtype), s.size(0), s.size(3), s.size(1), s.size(2)),
                "cudnnSetTensor4dDescriptor");
        return d;
    }

    private Tensor bytes(long count) { return Tensor.empty(device, DType.U8, Shape.of(Math.toIntExact(count))); }

    private static int type(DType t) {
        return t == DType.F32 ? cudnnDataType.CUDNN_DATA_FLOAT : t == DType.F16 ? cudnnDataType.CUDNN_DATA_HALF : cudnnDataType.CUDNN_DATA_BFLOAT16;
    }

    private void check(int code, String call) {
        if (code != 0) {
            throw new CudaError(call + " failed on " + device.name() + " with cuDNN status " + code + ", " + JCudnn.cudnnGetErrorString(code));
        }
    }
}
