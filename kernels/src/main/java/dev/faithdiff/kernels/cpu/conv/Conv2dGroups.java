package dev.faithdiff.kernels.cpu.conv;

import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;

/** A grouped convolution: one group after the other, by the kernels for ungrouped convolutions on copies of the group's channels. */
public final class Conv2dGroups implements Kernel<Conv2dOp> {
    /** Null if a convolution has no groups, else the reason for kernels of ungrouped convolutions to refuse it. */
    static String refusal(Conv2dOp op) { return op.groups() == 1 ? null : "takes no groups"; }

    private static String refuses(Conv2dOp op, Tensor in) {
        if (op.groups() == 1) return "takes more than one group";
        return in.dtype() == DType.F32 ? null : "computes in F32";
    }

    @Override public Class<Conv2dOp> op() { return Conv2dOp.class; }

    @Override public String refuses(Conv2dOp op, Tensor[] in) { return refuses(op, in[0]); }

    @Override public void run(Conv2dOp op, Tensor[] in, Tensor out) {
        for (int g = 0; g < op.groups(); g++) {
            try (Scope _ = Scope.open()) {
                Tensor x = channels(in[0], g, op.groups()), w = outputs(in[1], g, op.groups());
                Tensor[] own = in.length > 2 ? new Tensor[] {x, w, outputs(in[2], g, op.groups())} : new Tensor[] {x, w};
                copy(compute(op.ungrouped(), own), out, g, op.groups(), false);
            }
        }
    }

    private static Tensor compute(Op op, Tensor... in) {
        Tensor out = Tensor.empty(in[0].device(), op.dtype(in), op.shape(in));
        Engine.update(op, out, in);
        return out;
    }

    /** A dense copy of a group's part of the last axis. */
    private static Tensor channels(Tensor all, int group, int groups) {
        Tensor own = Tensor.empty(all.device(), all.dtype(), all.shape().with(-1, all.size(-1) / groups));
        copy(all, own, group, groups, true);
        return own;
    }

    /** A group's part of the first axis. */
    private static Tensor outputs(Tensor all, int group, int groups) {
        Shape own = all.shape().with(0, all.size(0) / groups);
        return all.view(group * own.count(), own);
    }

    /** Copies a group's part of the last axis out of a whole tensor, or into it. */
    private static void copy(Tensor from, Tensor to, int group, int groups, boolean out) {
        Tensor whole = out ? from : to;
        long pixel = (long) whole.size(-1) * whole.dtype().bytes(), run = pixel / groups, at = group * run;
        Copy.runs(whole.bytes() / pixel, run, from.address() + (out ? at : 0), out ? pixel : run, to.address() + (out ? 0 : at), out ? run : pixel);
    }

    /** The gradient of the input. */
    public static final class InputGrad implements Kernel<Conv2dOp.InputGrad> {
        @Override public String name() { return "Conv2dGroupsInputGrad"; }

        @Override public Class<Conv2dOp.InputGrad> op() { return Conv2dOp.InputGrad.class; }

        @Override public String refuses(Conv2dOp.InputGrad op, Tensor[] in) { return Conv2dGroups.refuses(op.of(), in[0]); }

        @Override public void run(Conv2dOp.InputGrad op, Tensor[] in, Tensor out) {
            int groups = op.of().groups();
            Conv2dOp.InputGrad own = new Conv2dOp.InputGrad(op.of().ungrouped(), op.height(), op.width());
            for (int g = 0; g < groups; g++) {
                try (Scope _ = Scope.open()) {
                    copy(compute(own, channels(in[0], g, groups), outputs(in[1], g, groups)), out, g, groups, false);
                }
            }
        }
    }

    /** The gradient of the weight. */
    public static final class WeightGrad implements Kernel<Conv2dOp.WeightGrad> {
        @Override public String name() { return "Conv2dGroupsWeightGrad"; }

        @Override public Class<Conv2dOp.WeightGrad> op() { return Conv2dOp.WeightGrad.class; }

        @Override public String refuses(Conv2dOp.WeightGrad op, Tensor[] in) {
            return in[1].dtype() == DType.F32 ? Conv2dGroups.refuses(op.of(), in[0]) : "computes in F32";
        }

        @Override public void run(Conv2dOp.WeightGrad op, Tensor[] in, Tensor out) {
            int groups = op.of().groups();
            Conv2dOp.WeightGrad own = new Conv2dOp.WeightGrad(op.of().ungrouped(), op.kh(), op.kw());
            for (int g = 0; g < groups; g++) {
                try (Scope _ = Scope.open()) {
                    Engine.update(own, outputs(out, g, groups), channels(in[0], g, groups), channels(in[1], g, groups));
                }
            }
        }
    }
}
