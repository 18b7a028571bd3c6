package dev.faithdiff.jmh;

import dev.faithdiff.kernels.CudaBackend;
import dev.faithdiff.kernels.cuda.GraphPattern;
import dev.faithdiff.kernels.cuda.GraphPattern.Attention;
import dev.faithdiff.kernels.cuda.GraphPattern.Convolution;
import dev.faithdiff.kernels.cuda.GraphPattern.Product;
import dev.faithdiff.kernels.cuda.GraphPattern.ScaledConvolution;
import dev.faithdiff.kernels.cuda.GraphPattern.ScaledProduct;
import dev.faithdiff.kernels.cuda.GraphPattern.Then;
import dev.faithdiff.kernels.cuda.op.AttentionCublas;
import dev.faithdiff.kernels.cuda.op.CudnnUpsampleConv2d;
import dev.faithdiff.kernels.cuda.op.F8PlanKernel;
import dev.faithdiff.kernels.cuda.op.PlanKernel;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Kernel;
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
 * @param plans    what plans of cuDNN reach, and products of F32
 * @param families what matrix kernels without plans reach; the first whose pattern a kernel's name matches
 */
record Card(String name, double edge, double ramp, double memory, double cache, double cacheMb, Plans plans, List<Family> families) {
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

    /**
     * TFLOP/s of large cases in 16 bits.
     *
     * @param library   cuBLASLt, where a kernel chooses it for a product
     * @param scaled    products of F8_E4M3
     * @param attention of heads of up to 128 channels on fewer than 2048 keys
     * @param longer    on more keys
     * @param wide      of wider heads
     * @param plain     products of F32, by whatever kernel
     */
    record Plans(double product, double library, double scaled, double convolution, double attention, double longer, double wide, double plain) {
        /** Convolutions of F8_E4M3: a guess, as much slower than products as in 16 bits. */
        double rounded() { return scaled * convolution / product; }
    }

    static final List<Kernel<?>> CUDA = new CudaBackend().kernels();
    /** Where a kernel is in no family: a pass over its operands and its result. */
    private static final Family PASS = new Family(".*", Double.POSITIVE_INFINITY, 1, 0, false);
    /** Keys of a tile of attention, and channels of a tile of convolution: what is smaller takes as long. */
    private static final int KEYS = 64, CHANNELS = 64;

    /**
     * An H200. Edge, memory and cache: measured by others on such cards. cuBLAS, cuBLASLt and convolutions: so that products and convolutions of SDXL
     * take what PyTorch's do. attention_flash: FlashAttention-2's rate, whose instruction counts it has; plans of attention: cuDNN's published 373 at
     * 1024 keys and 408 at 4096; wide heads run a kernel made for Ampere. Plans of products: below cuBLAS for their smaller tiles. F8: TileLang
     * publishes 930 to 1130 on an H800 for 8192 rows and columns and K of 1024; cuBLAS reaches 1297 on an H100 of 700 W (NVIDIA/cutlass, issue 1662).
     * None of our kernels was measured.
     */
    static final Map<String, Card> ALL = Map.of("h200", new Card("NVIDIA H200", 1.2, 2, 3800, 6000, 40,
            new Plans(640, 689, 1100, 520, 373, 408, 200, 40), List.of(
            new Family("Cublas(Linear|Matmul|Conv2d1x1)", 689, 1, 0, true),
            new Family("CublasLt.*", 689, 1, 0, false),
            new Family("CudnnConv2d", 449, 1, 0, true),
            new Family("AttentionFlashCuda", 300, 1, 0, false),
            new Family("AttentionCublas", 600, 3, 0, false),
            new Family("GroupNormCuda", Double.POSITIVE_INFINITY, 3, 1, false),
            new Family("(Attention|Self).*Plain.*", 20, 1, 0, false))));

    private Family family(String kernel) { return families.stream().filter(f -> kernel.matches(f.kernels)).findFirst().orElse(PASS); }

    <O extends Op> int launches(Kernel<O> kernel, O op, Tensor[] in) {
        if (!(kernel instanceof PlanKernel<O> planned)) return family(kernel.name()).launches;
        int before = kernel instanceof CudnnUpsampleConv2d ? 1 : kernel instanceof F8PlanKernel<O> f8 ? f8.launchesBefore() : 0;
        return planned.asked(op, in).size() + before;
    }

    /** True where a run of the kernel is followed by a pass that adds the bias. */
    boolean addsBias(Kernel<?> kernel, Tensor[] in) { return family(kernel.name()).bias && in.length > 2; }

    /** True of kernels that multiply matrices. */
    boolean multiplies(Kernel<?> kernel) { return kernel instanceof PlanKernel || Double.isFinite(family(kernel.name()).tflops); }

    /** Microseconds of a run of a kernel, its launches with it and a bias of its own without. */
    <O extends Op> double micros(Kernel<O> kernel, O op, Tensor[] in, Tensor out) {
        if (kernel instanceof PlanKernel<O> planned) {
            double before = kernel instanceof CudnnUpsampleConv2d ? edge + ramp + pass(in[1].bytes() * (1 + 16 / 9.0)) // sums of weights
                    : kernel instanceof F8PlanKernel<O> f8 ? f8.launchesBefore() * (edge + ramp) + pass(f8.bytesBefore(in)) : 0; // x rounded
            return before + planned.asked(op, in).stream().mapToDouble(p -> plan(p, planned.choosesLibrary())).sum();
        }
        Family f = family(kernel.name());
        double tflops = in[0].dtype() == DType.F32 ? Math.min(plans.plain, f.tflops) : f.tflops;
        double compute = op.flops(in) * waste(op, in) / tflops / 1e6;
        double moves = pass(op.bytes(in) + f.passes * out.bytes());
        double micros = f.launches * (edge + ramp) + (multiplies(kernel) ? ramp / 4 : 0) + Math.max(compute, moves);
        // Between its products F32 scores are read and 16 bits written.
        return kernel instanceof AttentionCublas ? micros + pass(scores((AttentionOp) op, in) * 6) : micros;
    }

    /** Microseconds of a plan, or of cuBLASLt where it may run instead and is faster. */
    private double plan(GraphPattern pattern, boolean either) {
        double tflops = switch (pattern) {
            case Product p -> either && p.batch() == 1 && p.then() != Then.GATE ? Math.max(plans.product, plans.library) : plans.product;
            case ScaledProduct _ -> plans.scaled;
            case ScaledConvolution p -> plans.rounded() / waste(p.w());
            case Convolution p -> plans.convolution / waste(p.w());
            case Attention p -> (p.width() > 128 ? plans.wide : p.keys() < 2048 ? plans.attention : plans.longer) / waste(p.keys());
        };
        return edge + ramp + ramp / 4 + Math.max(2 * pattern.work() / tflops / 1e6, pass(pattern.bytes()));
    }

    /** Microseconds of a pass over a result that adds a bias in place. */
    double bias(Tensor out) { return edge + ramp + pass(2.0 * out.bytes()); }

    /** Microseconds of a run of a kernel and of a bias of its own. */
    <O extends Op> double total(Kernel<O> kernel, O op, Tensor[] in, Tensor out) {
        return micros(kernel, op, in, out) + (addsBias(kernel, in) ? bias(out) : 0);
    }

    /** The same by a kernel's name; a kernel that is none of a GPU's makes a pass. */
    <O extends Op> double total(String name, O op, Tensor[] in, Tensor out) {
        Kernel<O> kernel = kernel(name, op);
        return kernel == null ? edge + ramp + pass(op.bytes(in)) : total(kernel, op, in, out);
    }

    /** The kernel of an op on a GPU by its name, or null. */
    @SuppressWarnings("unchecked")
    static <O extends Op> Kernel<O> kernel(String name, O op) {
        for (Kernel<?> k : CUDA) if (k.op() == op.getClass() && k.name().equals(name)) return (Kernel<O>) k;
        return null;
    }

    private double pass(double bytes) { return bytes / (bytes > cacheMb * 1e6 ? memory : cache) / 1e3; }

    private static double scores(AttentionOp op, Tensor[] in) { return (double) in[0].size(0) * op.heads() * in[0].size(1) * in[1].size(1); }

    /** What tiles compute beside what is asked for. */
    private static double waste(Op op, Tensor[] in) {
        return op instanceof AttentionOp ? waste(in[1].size(1)) : op instanceof Conv2dOp ? waste(in[1].shape()) : 1;
    }

    private static double waste(int keys) { return (keys + KEYS - 1) / KEYS * (double) KEYS / keys; }

    private static double waste(Shape weight) { return Math.max(1, CHANNELS / (double) Math.min(weight.size(0), weight.size(3))); }
}
