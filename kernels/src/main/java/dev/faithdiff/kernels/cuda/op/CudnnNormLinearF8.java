package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudnnPlans;
import dev.faithdiff.kernels.cuda.GraphPattern;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.LayerNormOp;
import dev.faithdiff.tensor.op.LinearGegluOp;
import dev.faithdiff.tensor.op.LinearOp;
import dev.faithdiff.tensor.op.NormedOp;
import dev.faithdiff.tensor.op.Op;
import dev.faithdiff.tensor.op.RoundRowsOp;
import dev.faithdiff.tensor.op.SelfAttentionOp;
import java.util.List;
import java.util.Map;

/** LayerNorm that writes rows of F8_E4M3, and linear layers on them. */
public final class CudnnNormLinearF8 extends F8PlanKernel<NormedOp> {
    private static final LayerNormCuda NORM = new LayerNormCuda();
    private static final Map<Class<? extends Op>, F8PlanKernel<?>> KERNELS = Map.of(LinearOp.class, new CudnnLinearF8(),
            LinearGegluOp.class, new CudnnLinearGegluF8(), SelfAttentionOp.class, new CudnnSelfAttentionF8());

    @Override public Class<NormedOp> op() { return NormedOp.class; }

    @SuppressWarnings("unchecked")
    private static F8PlanKernel<Op> kernel(NormedOp op) { return (F8PlanKernel<Op>) KERNELS.get(op.then().getClass()); }

    @Override String excludes(NormedOp op, Tensor[] in) {
        if (!(op.norm() instanceof LayerNormOp) || kernel(op) == null) return "takes LayerNorm and linear layers";
        if (in[0].size(-1) > LayerNormCuda.LONGEST_ROUNDED) return "takes rows of at most " + LayerNormCuda.LONGEST_ROUNDED + " numbers";
        return kernel(op).excludes(op.then(), NormedOp.ofThen(in, in[0]));
    }

    @Override List<GraphPattern> patterns(NormedOp op, Tensor[] in) { return kernel(op).patterns(op.then(), NormedOp.ofThen(in, in[0])); }

    @Override public Tensor round(NormedOp op, Tensor[] in) {
        int k = in[0].size(-1);
        Tensor rounded = Tensor.empty(in[0].device(), DType.U8, new RoundRowsOp().shape(new Tensor[] {in[0]}));
        NORM.round((LayerNormOp) op.norm(), NormedOp.ofNorm(in), RoundRowsOp.numbers(rounded, k), RoundRowsOp.scales(rounded, k));
        return rounded;
    }

    @Override void compute(NormedOp op, Tensor rounded, Tensor[] in, Tensor out, CudnnPlans plans) {
        kernel(op).compute(op.then(), rounded, NormedOp.ofThen(in, in[0]), out, plans);
    }

    @Override public void expected(NormedOp op, Tensor[] in, Tensor out) {
        kernel(op).expected(op.then(), NormedOp.ofThen(in, normed(op, in)), out);
    }

    /** The norm in F32 in host memory. */
    static Tensor normed(NormedOp op, Tensor[] in) {
        Tensor y = Tensor.empty(Device.CPU, DType.F32, in[0].shape());
        op.norm().reference(NormedOp.ofNorm(in), y);
        return y;
    }
}
