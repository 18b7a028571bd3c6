package dev.faithdiff.jmh;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Op;
import java.util.List;
import java.util.Map;

/**
 * The rates of a GPU, for an estimate. A launch takes its edge in a graph; a kernel its ramp, until all multiprocessors are at work, and then the
 * longer of its operations and its bytes.
 *
 * @param edge     microseconds from one launch to the next
 * @param ramp     microseconds of each kernel
 * @param memory   GB/s from memory, of a pass that is larger than the cache
 * @param cache    GB/s of a smaller pass
 * @param cacheMb  what stays in the cache from one kernel to the next
 * @param plain    TFLOP/s of products of F32
 * @param families what matrix kernels reach; the first whose pattern a kernel's name matches
 */
record Card(String name, double edge, double ramp, double memory, double cache, double cacheMb, double plain, List<Family> families) {
    /**
     * Kernels alike.
     *
     * @param kernels  a pattern of their names
     * @param tflops   of a large case in 16 bits
     * @param launches of one run
     * @param passes   further passes over the result, in bytes for each of its own
     * @param bias     whether a bias is a pass of its own
     */
    record Family(String kernels, double tflops, int launches, double passes, boolean bias) {}

    /** Where a kernel is in no family: a pass over its operands and its result. */
    private static final Family PASS = new Family(".*", Double.POSITIVE_INFINITY, 1, 0, false);
    /** Keys of a tile of attention, and channels of a tile of convolution: what is smaller takes as long. */
    private static final int KEYS = 64, CHANNELS = 64;

    /**
     * An H200. Edge, memory and cache: measured by others on such cards. cuBLAS, cuBLASLt and convolutions: so that products and convolutions of SDXL
     * take what PyTorch's do. attention_flash: FlashAttention-2's rate, whose instruction counts it has; CudnnAttention: cuDNN's published 373 to
     * 408. Plans of products: below cuBLAS for their smaller tiles. None of our kernels was measured.
     */
    static final Map<String, Card> ALL = Map.of("h200", new Card("NVIDIA H200", 1.2, 2, 3800, 6000, 40, 40, List.of(
            new Family("Cublas(Linear|Matmul|Conv2d1x1)", 689, 1, 0, true),
            new Family("CublasLt.*", 689, 1, 0, false),
            new Family("CudnnConv2d", 449, 1, 0, true),
            new Family("CudnnConv2d(Plan|Add)", 520, 1, 0, false),
            new Family("Cudnn.*(Fp8|F8).*", 1100, 1, 0, false),
            new Family("CudnnLinearGeglu", 640, 2, 2, false),
            new Family("Cudnn(Linear.*|Matmul)", 640, 1, 0, false),
            new Family("CudnnAttention", 400, 1, 0, false),
            new Family("CudnnSelfAttention", 500, 2, 6, false),
            new Family("AttentionFlashCuda", 300, 1, 0, false),
            new Family("AttentionCublas", 600, 3, 0, false),
            new Family("GroupNormCuda", Double.POSITIVE_INFINITY, 3, 1, false),
            new Family("(Attention|Self).*Plain.*", 20, 1, 0, false))));

    private Family family(String kernel) { return families.stream().filter(f -> kernel.matches(f.kernels)).findFirst().orElse(PASS); }

    int launches(String kernel) { return family(kernel).launches; }

    /** True where a run of the kernel is followed by a pass that adds the bias. */
    boolean addsBias(String kernel, Op op, Tensor[] in) { return family(kernel).bias && in.length > 2; }

    /** True of kernels that multiply matrices. */
    boolean multiplies(String kernel) { return Double.isFinite(family(kernel).tflops); }

    /** Microseconds of a run of a kernel, its launches with it and a bias of its own without. */
    double micros(String kernel, Op op, Tensor[] in, Tensor out) {
        Family f = family(kernel);
        double bytes = op.bytes(in) + f.passes * out.bytes();
        if (kernel.equals("AttentionCublas")) bytes += scores((AttentionOp) op, in) * 12.0; // F32 scores written and read, 16 bits written and read
        double tflops = in[0].dtype() == DType.F32 ? Math.min(plain, f.tflops) : f.tflops;
        double compute = op.flops(in) * waste(op, in) / tflops / 1e6;
        return f.launches * (edge + ramp) + (multiplies(kernel) ? ramp / 4 : 0) + Math.max(compute, pass(bytes));
    }

    /** Microseconds of a pass over a result that adds a bias in place. */
    double bias(Tensor out) { return edge + ramp + pass(2.0 * out.bytes()); }

    /** Microseconds of a run of a kernel and of a bias of its own. */
    double total(String kernel, Op op, Tensor[] in, Tensor out) {
        return micros(kernel, op, in, out) + (addsBias(kernel, op, in) ? bias(out) : 0);
    }

    private double pass(double bytes) { return bytes / (bytes > cacheMb * 1e6 ? memory : cache) / 1e3; }

    private static double scores(AttentionOp op, Tensor[] in) { return (double) in[0].size(0) * op.heads() * in[0].size(1) * in[1].size(1); }

    /** What tiles compute beside what is asked for. */
    private static double waste(Op op, Tensor[] in) {
        if (op instanceof AttentionOp) return (in[1].size(1) + KEYS - 1) / KEYS * (double) KEYS / in[1].size(1);
        if (op instanceof Conv2dOp) return Math.max(1, CHANNELS / (double) Math.min(in[1].size(0), in[1].size(3)));
        return 1;
    }
}
