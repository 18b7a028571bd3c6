package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.Cublas;
import dev.faithdiff.kernels.cuda.CudaDevice;
import dev.faithdiff.kernels.cuda.CudnnPlans;
import dev.faithdiff.kernels.cuda.GraphPattern;
import dev.faithdiff.kernels.cuda.GraphPattern.Product;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.FusedOp;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;
import java.util.List;
import java.util.stream.LongStream;

/**
 * A kernel that runs plans of cuDNN's graph API, in F16 and BF16. It refuses a case without a plan, and one for which the kernel that follows it in
 * the table, or the parts of a fused op, were faster at the first use.
 */
public abstract class PlanKernel<O extends Op> implements Kernel<O> {
    private static final int ALIGNMENT = 16;

    /** Null, or why it does not take a case; activations are of one 16-bit type. */
    abstract String excludes(O op, Tensor[] in);

    /** The patterns of a case that is not excluded, in the order in which they run. */
    abstract List<GraphPattern> patterns(O op, Tensor[] in);

    abstract void compute(O op, Tensor[] in, Tensor out, CudnnPlans plans);

    /** Whether each of its products may run by cuBLASLt, too; not where the kernel that follows it in the table is just that. */
    public boolean choosesLibrary() { return true; }

    /**
     * Runs a product or a convolution with its weight in the activation's type.
     *
     * @param bias  may be null
     * @param other what is added or gated; may be null
     */
    final void multiply(CudnnPlans plans, GraphPattern p, Tensor x, Tensor weight, Tensor bias, Tensor other, Tensor out) {
        try (Scope _ = Scope.open()) {
            long w = Cublas.like(weight, x.dtype()).address(), b = bias == null ? 0 : bias.address(), o = other == null ? 0 : other.address();
            if (p instanceof Product product && choosesLibrary()) plans.multiply(product, x.address(), w, b, o, out.address());
            else plans.run(p, LongStream.of(x.address(), w, b, o, out.address()).filter(address -> address != 0).toArray());
        }
    }

    /** What it asks cuDNN for; nothing in a case that it does not take. */
    public final List<GraphPattern> asked(O op, Tensor[] in) { return excluded(op, in) == null ? patterns(op, in) : List.of(); }

    @Override public final String refuses(O op, Tensor[] in) {
        String reason = excluded(op, in);
        return reason == null ? CudnnPlans.refuses(in[0].device(), name(), patterns(op, in)) : reason;
    }

    private String excluded(O op, Tensor[] in) {
        String reason = unfit(in);
        return reason == null ? excludes(op, in) : reason;
    }

    /** Null, or why plans and cuBLASLt do not take operands. */
    static String unfit(Tensor[] in) {
        if (in[0].dtype() != DType.F16 && in[0].dtype() != DType.BF16) return "computes in F16 and BF16";
        for (Tensor t : in) {
            if (!t.dtype().isFloating()) return "computes in F16 and BF16";
            if (t.count() == 0) return "there is nothing to multiply";
            if (t.address() % ALIGNMENT != 0) return "takes operands that begin at multiples of 16 bytes";
        }
        return null;
    }

    /** Null, or that operands from one on are not of the activation's type. */
    static String otherType(Tensor[] in, int from) {
        for (int i = from; i < in.length; i++) if (in[i].dtype() != in[0].dtype()) return "takes addends of the activation's type";
        return null;
    }

    @Override public final void run(O op, Tensor[] in, Tensor out) {
        CudnnPlans plans = ((CudaDevice) out.device()).cudnn().plans();
        plans.compare(name(), patterns(op, in), () -> compute(op, in, out, plans), () -> without(op, in, out));
        compute(op, in, out, plans);
    }

    /** The kernel that this one is measured against, and that runs where it is the faster of the two; null if there is none. */
    @SuppressWarnings("unchecked")
    public final Kernel<O> other(List<Kernel<?>> table, O op, Tensor[] in) {
        for (Kernel<?> k : table) {
            boolean beside = k.op() == op() && (rounds() != null ? k.rounds() == null : !(k instanceof PlanKernel));
            if (beside && ((Kernel<O>) k).objection(op, in) == null) return (Kernel<O>) k;
        }
        return null;
    }

    private Runnable without(O op, Tensor[] in, Tensor out) {
        Kernel<O> other = other(Engine.kernels(out.device().kind(), op()), op, in);
        if (other != null) return () -> other.run(op, in, out);
        return !(op instanceof FusedOp fused) ? null : () -> {
            try (Scope _ = Scope.open()) {
                fused.compose(in);
            }
        };
    }
}
