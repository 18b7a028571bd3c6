package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.CudnnPlans;
import dev.faithdiff.kernels.cuda.GraphPattern;
import dev.faithdiff.kernels.cuda.GraphPattern.ScaledConvolution;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dAddOp;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.GroupNormOp;
import dev.faithdiff.tensor.op.NormedOp;
import dev.faithdiff.tensor.op.Op;
import dev.faithdiff.tensor.op.RoundRowsOp;
import java.util.List;
import java.util.stream.LongStream;

/** GroupNorm that writes F8_E4M3 with a scale for each sample, and a convolution by a weight of F8_E4M3 with a scale for each output. */
public final class CudnnNormConv2dF8 extends F8PlanKernel<NormedOp> {
    private static final GroupNormCuda NORM = new GroupNormCuda();
    private static final int MULTIPLE = 16;

    @Override public Class<NormedOp> op() { return NormedOp.class; }

    private static Conv2dOp conv(Op then) { return then instanceof Conv2dAddOp add ? add.conv() : then instanceof Conv2dOp plain ? plain : null; }

    @Override String excludes(NormedOp op, Tensor[] in) {
        Conv2dOp conv = conv(op.then());
        if (!(op.norm() instanceof GroupNormOp) || conv == null) return "takes GroupNorm and convolutions";
        Shape w = in[3].shape();
        if (w.size(3) != in[0].size(3)) return "takes convolutions of one group";
        return w.size(0) % MULTIPLE != 0 || w.size(3) % MULTIPLE != 0 ? "takes channels and outputs in multiples of 16" : otherType(in, 4);
    }

    private static Tensor addend(NormedOp op, Tensor[] in) { return op.then() instanceof Conv2dAddOp ? in[4] : null; }

    private static Tensor bias(NormedOp op, Tensor[] in) {
        int at = op.then() instanceof Conv2dAddOp ? 5 : 4;
        return in.length > at ? in[at] : null;
    }

    private static ScaledConvolution pattern(NormedOp op, Tensor[] in) {
        Tensor addend = addend(op, in);
        return new ScaledConvolution(in[0].dtype(), conv(op.then()), in[0].shape(), in[3].shape(), op.shape(in), bias(op, in) != null,
                addend == null ? null : addend.shape());
    }

    @Override List<GraphPattern> patterns(NormedOp op, Tensor[] in) { return List.of(pattern(op, in)); }

    /** A tensor as rows, one for each index of its first axis. */
    private static Tensor rows(Tensor t) { return t.view(0, Shape.of(t.size(0), Math.toIntExact(t.count() / t.size(0)))); }

    @Override public Tensor round(NormedOp op, Tensor[] in) {
        Tensor rows = rows(in[0]), rounded = Tensor.empty(rows.device(), DType.U8, new RoundRowsOp().shape(new Tensor[] {rows}));
        int k = rows.size(1);
        NORM.round((GroupNormOp) op.norm(), NormedOp.ofNorm(in), RoundRowsOp.numbers(rounded, k), RoundRowsOp.scales(rounded, k));
        return rounded;
    }

    @Override void compute(NormedOp op, Tensor rounded, Tensor[] in, Tensor out, CudnnPlans plans) {
        Tensor weight = rows(in[3]), w = kept(weight), bias = bias(op, in), addend = addend(op, in);
        int k = rows(in[0]).size(1);
        plans.run(pattern(op, in), LongStream.of(rounded.address(), w.address(), RoundRowsOp.scales(rounded, k).address(),
                RoundRowsOp.scales(w, weight.size(1)).address(), bias == null ? 0 : bias.address(), addend == null ? 0 : addend.address(),
                out.address()).filter(address -> address != 0).toArray());
    }

    /** Moments of channels, of groups, and the result. */
    @Override public int launchesBefore() { return 3; }

    @Override public long bytesBefore(Tensor[] in) { return 2 * in[0].bytes() + in[0].count(); }

    @Override public void expected(NormedOp op, Tensor[] in, Tensor out) {
        Tensor[] then = NormedOp.ofThen(in, CudnnNormLinearF8.normed(op, in));
        for (int i = 0; i < 2; i++) then[i] = RoundRowsOp.rounded(rows(then[i])).reshape(then[i].shape().toArray());
        op.then().reference(then, out);
    }
}
