package dev.faithdiff.kernels.cuda;

import dev.faithdiff.kernels.cuda.GraphPattern.Product;
import dev.faithdiff.kernels.cuda.GraphPattern.Then;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.host.DiskCache;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * cuBLASLt on one device: a product of row-major matrices of 16 bits with sums in F32, whose bias and addend need no pass of their own. At the first
 * use of a product on this kind of GPU with this version of cuBLASLt the best algorithms by its heuristic are measured, and the fastest is kept on
 * disk. As in {@link Cublas} a row-major matrix is the transpose of a column-major one.
 */
public final class CublasLt {
    /** A product's descriptors, the algorithms for it, and whether the first of them was chosen. */
    private static final class Known {
        final long how;
        final long[] layouts;
        List<MemorySegment> algorithms;
        boolean chosen;

        Known(long how, long... layouts) {
            this.how = how;
            this.layouts = layouts;
        }
    }

    private static final String ENDING = ".lt";
    private static final int MOST = 8, ALIGNMENT = CudnnGraph.ALIGNMENT;
    /** Of cublasComputeType and cublasOperation. */
    private static final int COMPUTE_32F = 68, NORMAL = 0, TRANSPOSED = 1;
    /** Attributes of a product, and a value of EPILOGUE. */
    private static final int TRANSPOSE_A = 3, TRANSPOSE_B = 4, EPILOGUE = 7, BIAS_POINTER = 8, BIAS_TYPE = 26, EPILOGUE_BIAS = 4;
    /** Attributes of a preference, and a value of REDUCTIONS: parts of a sum are added in F32. */
    private static final int MOST_WORKSPACE = 1, REDUCTIONS = 3, ALIGNMENT_OF_A = 5, ALIGNMENT_OF_D = 8, IN_COMPUTE_TYPE = 2;
    /** Of a heuristic's result: bytes of scratch memory, status. */
    private static final int RESULT_WORKSPACE = 64, RESULT_STATUS = 72;

    private final CudaDevice device;
    private final DiskCache cache;
    private final Map<Product, Known> known = new HashMap<>();
    private CublasLtLibrary library;
    private String missing, where;
    private long handle, preference;

    /** @param cache where chosen algorithms are kept */
    CublasLt(CudaDevice device, DiskCache cache) {
        this.device = device;
        this.cache = cache;
        try {
            library = new CublasLtLibrary();
            handle = library.create();
            preference = library.preference();
            library.prefer(preference, MOST_WORKSPACE, Cublas.WORKSPACE);
            library.prefer(preference, REDUCTIONS, IN_COMPUTE_TYPE);
            for (int operand = ALIGNMENT_OF_A; operand <= ALIGNMENT_OF_D; operand++) library.prefer(preference, operand, ALIGNMENT);
            where = device.model() + " " + device.architecture() + " cuBLASLt " + library.version() + " ";
        } catch (CudaError e) {
            missing = "cuBLASLt cannot be used: " + e.getMessage();
        }
    }

    /** Null if cuBLASLt computes a product, else the reason. Nothing is known of a device that is no GPU. */
    public static String refuses(Device device, Product p) {
        return device instanceof CudaDevice d ? d.exclusive(() -> d.cublasLt().refuses(p)) : null;
    }

    private String refuses(Product p) {
        if (missing != null) return missing;
        if (p.batch() > 1 || p.then() == Then.GATE) return "cuBLASLt computes single products, plus bias and addend";
        return find(p).algorithms.isEmpty() ? "cuBLASLt has no algorithm for it" : null;
    }

    /**
     * Runs a product that was not refused. Addresses are multiples of 16.
     *
     * @param bias   0 where there is none
     * @param addend 0 where there is none
     */
    public void run(Product p, long a, long b, long bias, long addend, long c) {
        device.request(() -> {
            Known k = find(p);
            long[] at = {b, a, addend == 0 ? c : addend, c};
            if (bias != 0) library.describe(k.how, BIAS_POINTER, bias);
            if (!k.chosen && !device.isCapturing()) choose(p, k, at);
            if (k.algorithms.isEmpty()) throw new CudaError("cuBLASLt has no algorithm on " + device.name() + " for " + p);
            run(k, k.algorithms.getFirst(), at);
        });
    }

    private void run(Known k, MemorySegment algorithm, long[] at) {
        int status = library.multiply(handle, k.how, k.layouts, at, algorithm, device.cublas().workspace(), device.streamAddress());
        if (status != 0) throw new CudaError("cublasLtMatmul failed on " + device.name() + " with cuBLAS status " + status);
    }

    private Known find(Product p) {
        Known found = known.get(p);
        if (found != null) return found;
        Known fresh = described(p);
        MemorySegment kept = kept(p, fresh);
        fresh.algorithms = kept != null ? List.of(kept) : ranked(p, fresh);
        fresh.chosen = fresh.algorithms.size() < 2;
        known.put(p, fresh);
        return fresh;
    }

    /** {@code C^T = B^T A^T}: the operands change places. */
    private Known described(Product p) {
        int type = Cublas.type(p.type());
        long how = library.description(COMPUTE_32F, Cublas.F32);
        library.describe(how, TRANSPOSE_A, p.transposeB() ? TRANSPOSED : NORMAL);
        library.describe(how, TRANSPOSE_B, p.transposeA() ? TRANSPOSED : NORMAL);
        if (p.bias()) {
            library.describe(how, EPILOGUE, EPILOGUE_BIAS);
            library.describe(how, BIAS_TYPE, type);
            library.describe(how, BIAS_POINTER, (long) ALIGNMENT); // the heuristic reads the alignment from it
        }
        long b = p.transposeB() ? library.layout(type, p.k(), p.n()) : library.layout(type, p.n(), p.k());
        long a = p.transposeA() ? library.layout(type, p.m(), p.k()) : library.layout(type, p.k(), p.m());
        return new Known(how, b, a, library.layout(type, p.n(), p.m()));
    }

    /** The algorithm that an earlier run of the program chose, or null. A damaged file is ignored. */
    private MemorySegment kept(Product p, Known k) {
        byte[] content = cache.findNamed(where + p, ENDING);
        if (content == null || content.length != CublasLtLibrary.ALGORITHM) return null;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment algorithm = copy(MemorySegment.ofArray(content)), result = arena.allocate(CublasLtLibrary.RESULT, 8);
            int status = library.check(handle, k.how, k.layouts, algorithm, result);
            return status == 0 && fits(result) ? algorithm : null;
        }
    }

    /** The algorithms that the heuristic expects to be fastest; only the first for little work. */
    private List<MemorySegment> ranked(Product p, Known k) {
        int most = Contest.isLittle(p.work()) ? 1 : MOST;
        List<MemorySegment> ranked = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment results = arena.allocate((long) MOST * CublasLtLibrary.RESULT, 8), count = arena.allocate(ValueLayout.JAVA_INT);
            int status = library.heuristic(handle, k.how, k.layouts, preference, most, results, count);
            for (int i = 0; status == 0 && i < count.get(ValueLayout.JAVA_INT, 0); i++) {
                MemorySegment result = results.asSlice((long) i * CublasLtLibrary.RESULT, CublasLtLibrary.RESULT);
                if (result.get(ValueLayout.JAVA_INT, RESULT_STATUS) == 0 && fits(result)) ranked.add(copy(result));
            }
        }
        return ranked;
    }

    private static boolean fits(MemorySegment result) { return result.get(ValueLayout.JAVA_LONG, RESULT_WORKSPACE) <= Cublas.WORKSPACE; }

    /** The algorithm with which a segment begins, where it stays. */
    private static MemorySegment copy(MemorySegment from) {
        return Arena.global().allocate(CublasLtLibrary.ALGORITHM, 8).copyFrom(from.asSlice(0, CublasLtLibrary.ALGORITHM));
    }

    private void choose(Product p, Known k, long[] at) {
        int best = Contest.fastest(device, k.algorithms.stream().<Runnable>map(algorithm -> () -> run(k, algorithm, at)).toList());
        k.algorithms = best < 0 ? List.of() : List.of(k.algorithms.get(best));
        k.chosen = true;
        if (best >= 0) cache.keepNamed(where + p, ENDING, k.algorithms.getFirst().toArray(ValueLayout.JAVA_BYTE));
    }
}
