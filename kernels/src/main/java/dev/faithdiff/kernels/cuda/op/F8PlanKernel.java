package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudnnPlans;
import dev.faithdiff.kernels.cuda.GraphPattern.ScaledProduct;
import dev.faithdiff.kernels.cuda.GraphPattern.Then;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Storage;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Op;
import dev.faithdiff.tensor.op.RoundRowsOp;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * A kernel that rounds x and the weight of products to F8_E4M3 with a scale for each of their rows, and multiplies by plans of cuDNN, on GPUs since
 * Ada. The rounded weight is kept beside the weight, half as large again.
 */
public abstract class F8PlanKernel<O extends Op> extends PlanKernel<O> {
    /** The rounded weights that lie in one storage, by their offset. */
    private static final class Rounded implements Storage.Prepared {
        private final Scope scope = Scope.detached();
        private final Map<Long, Tensor> at = new HashMap<>();

        synchronized Tensor of(Tensor weight) {
            return at.computeIfAbsent(weight.offset(), _ -> {
                try (Scope _ = Scope.open()) {
                    return scope.adopt(Engine.run(new RoundRowsOp(), weight));
                }
            });
        }

        @Override public void end() { scope.close(); }
    }

    private static final Object ROUNDED = new Object();

    @Override public final DType rounds() { return DType.F8_E4M3; }

    /** How many of the operands behind x are weights. */
    int weights() { return 1; }

    @Override public final Tensor[] rounded(Tensor[] in) {
        return IntStream.range(0, in.length).mapToObj(i -> i <= weights() ? RoundRowsOp.rounded(in[i]) : in[i]).toArray(Tensor[]::new);
    }

    /** Null, or why such products are left to others; bias and addend follow x and the weight. */
    static String excludes(Tensor[] in) {
        int n = in[1].size(0), k = in[1].size(-1);
        if (in[1].rank() != 2 || k % 16 != 0 || n % 16 != 0) return "takes weights of multiples of 16 rows and columns";
        return CudnnLinear.tooFew(in);
    }

    /** Runs it on x as it was rounded. */
    abstract void compute(O op, Tensor rounded, Tensor[] in, Tensor out, CudnnPlans plans);

    @Override final void compute(O op, Tensor[] in, Tensor out, CudnnPlans plans) {
        try (Scope _ = Scope.open()) {
            compute(op, round(op, in), in, out, plans);
        }
    }

    /** x as the op rounds it, in the current scope. */
    public Tensor round(O op, Tensor[] in) { return rounded(in[0]); }

    /** Kernels that run before the plans, and bytes that they move. */
    public int launchesBefore() { return 1; }

    /** See {@link #launchesBefore}. */
    public long bytesBefore(Tensor[] in) { return in[0].bytes() + in[0].count(); }

    static ScaledProduct product(Tensor[] in, int n, boolean bias, Then then) {
        int k = in[1].size(1);
        return new ScaledProduct(in[0].dtype(), Math.toIntExact(in[0].count() / k), n, k, true, bias, then);
    }

    /** Rows with their scales, in the current scope. */
    static Tensor rounded(Tensor x) { return Engine.run(new RoundRowsOp(), x); }

    /** A weight as the op rounds it, kept as long as the weight. */
    static Tensor kept(Tensor weight) { return weight.storage().<Rounded>prepared(ROUNDED, Rounded::new).of(weight); }

    /**
     * Runs a product of rounded rows.
     *
     * @param first row of the weight from which on it is multiplied
     * @param bias  may be null
     * @param other what is added or gated; may be null
     */
    static void multiply(CudnnPlans plans, ScaledProduct p, Tensor x, Tensor weight, int first, Tensor bias, Tensor other, Tensor out) {
        int k = p.k();
        long w = weight.address() + (long) first * k, scales = RoundRowsOp.scales(weight, k).address() + 4L * first;
        plans.run(p, LongStream.of(x.address(), w, RoundRowsOp.scales(x, k).address(), scales, bias == null ? 0 : bias.address(),
                other == null ? 0 : other.address(), out.address()).filter(address -> address != 0).toArray());
    }
}
