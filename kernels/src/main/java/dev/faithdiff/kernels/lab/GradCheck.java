package dev.faithdiff.kernels.lab;

import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.FusedOp;
import dev.faithdiff.tensor.op.Op;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Checks an op's gradient against finite differences of its reference. The result is projected to one number by a random tensor, and single
 * elements of each operand are changed. The step h is large enough for F32 rounding not to matter, so the formula is one of fourth order:
 * {@code (8 (f(x+h) - f(x-h)) - (f(x+2h) - f(x-2h))) / 12h}.
 */
public final class GradCheck {
    private static final double STEP = 1 / 64.0;
    private static final int SAMPLES = 48;

    private final Op op;
    private final Tensor[] in;
    private final Tensor out, projection;
    private final SplittableRandom random = new SplittableRandom(1);

    private GradCheck(Case c) {
        op = c.op();
        in = c.draw(Device.CPU);
        out = Tensor.empty(Device.CPU, op.dtype(in), op.shape(in));
        projection = Tensor.empty(Device.CPU, op.dtype(in), op.shape(in));
        for (long i = 0; i < projection.count(); i++) projection.set(i, random.nextGaussian());
    }

    /**
     * Null if the gradient of every floating operand passes, both alone and with the others; else a description of the failure.
     *
     * @throws dev.faithdiff.tensor.OpError if the op has no gradient
     */
    public static String check(Case c) {
        try (Scope _ = Scope.open()) {
            return Engine.onReferences(() -> new GradCheck(c).check());
        }
    }

    private String check() {
        boolean[] all = new boolean[in.length];
        for (int i = 0; i < in.length; i++) all[i] = in[i].dtype().isFloating();
        Tensor[] together = gradient(all);
        for (int i = 0; i < in.length; i++) {
            if (!all[i]) continue;
            boolean[] one = new boolean[in.length];
            one[i] = true;
            Tensor alone = gradient(one)[i];
            String what = op.name() + ": gradient of operand " + i;
            if (together[i] == null || alone == null) return what + " is missing";
            if (!alone.shape().equals(in[i].shape())) return what + " has shape " + alone.shape() + ", not " + in[i].shape();
            if (!Arrays.equals(alone.toFloats(), together[i].toFloats())) return what + " depends on which others are wanted";
            String wrong = compare(in[i], alone);
            if (wrong != null) return what + wrong;
        }
        return null;
    }

    private Tensor[] gradient(boolean[] wanted) {
        if (op instanceof FusedOp) return partGradients(wanted);
        op.reference(in, out);
        return op.gradient(in, out, projection, wanted);
    }

    /** A fused op has no gradient of its own: a tape records its parts. */
    private Tensor[] partGradients(boolean[] wanted) {
        List<Tensor> watched = IntStream.range(0, in.length).filter(i -> wanted[i]).mapToObj(i -> in[i]).toList();
        try (Tape tape = Tape.watch(watched)) {
            Map<Tensor, Tensor> gradients = tape.gradients(Engine.run(op, in), projection);
            Tensor[] g = new Tensor[in.length];
            for (int i = 0; i < in.length; i++) if (wanted[i]) g[i] = tape.keep(gradients.get(in[i]));
            return g;
        }
    }

    private String compare(Tensor x, Tensor gradient) {
        double largest = 0;
        for (float g : gradient.toFloats()) largest = Math.max(largest, Math.abs(g));
        double allowed = Tolerance.ofFiniteDifferences() * Math.max(largest, 0.01);
        for (int n = 0; n < Math.min(SAMPLES, x.count()); n++) {
            long i = x.count() <= SAMPLES ? n : random.nextLong(x.count());
            double near = moved(x, i, STEP) - moved(x, i, -STEP), far = moved(x, i, 2 * STEP) - moved(x, i, -2 * STEP);
            double expected = (8 * near - far) / (12 * STEP);
            if (!(Math.abs(gradient.get(i) - expected) <= allowed)) {
                return " at " + i + " is " + gradient.get(i) + ", finite differences say " + expected + ", allowed " + allowed;
            }
        }
        return null;
    }

    /** The projected result with {@code step} added to element {@code i} of {@code x}. */
    private double moved(Tensor x, long i, double step) {
        double before = x.get(i), sum = 0;
        x.set(i, before + step);
        op.reference(in, out);
        x.set(i, before);
        for (long k = 0; k < out.count(); k++) sum += (double) out.get(k) * projection.get(k);
        return sum;
    }
}
