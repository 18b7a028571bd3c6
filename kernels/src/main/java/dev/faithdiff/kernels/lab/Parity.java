package dev.faithdiff.kernels.lab;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;
import java.lang.foreign.MemorySegment;

/**
 * Compares one kernel on one case with the op's reference, or with the CPU's kernel on operands converted to F32 where the shape is a real model's
 * and the reference too slow. Every operand and the result lie between guards of NaN, so that reads past an end show in the result and writes past
 * it are found. The result starts as NaN.
 */
public final class Parity {
    private static final int GUARD = 64;
    private static final Case.Types PLAIN = new Case.Types(DType.F32, DType.F32);

    /**
     * The outcome of one kernel on one case.
     *
     * @param refusal the kernel's reason to refuse the case, or null
     * @param error   the largest difference from the reference, in the worst part of the result
     * @param allowed the largest difference that passes: the tolerance times the largest expected magnitude of that part
     * @param failure a description of what went wrong, or null
     */
    public record Result(String name, String kernel, String refusal, double error, double allowed, String failure) {
        /** False if the kernel refused the case. */
        public boolean ran() { return refusal == null; }

        /** True if this fails and the other does not, or if its error is larger relative to what is allowed. */
        private boolean isWorseThan(Result other) {
            return other.failure == null && (failure != null || error * other.allowed > other.error * allowed);
        }

        @Override public String toString() {
            String what = refusal != null ? "refuses: " + refusal : failure != null ? failure : "passes";
            return kernel + " on " + name + ": " + what + (ran() ? String.format(" (error %.3g, allowed %.3g)", error, allowed) : "");
        }
    }

    private Parity() {}

    /** Runs a kernel of the case's op on a device. An exception of the kernel is its failure. */
    public static <O extends Op> Result run(Kernel<O> kernel, Case c, Device device) {
        try {
            return compare(kernel, c, device);
        } catch (RuntimeException e) {
            return new Result(c.name(), kernel.name(), null, Double.POSITIVE_INFINITY, 0, "throws " + e);
        }
    }

    @SuppressWarnings("unchecked")
    private static <O extends Op> Result compare(Kernel<O> kernel, Case c, Device device) {
        O op = (O) c.op();
        String refusal = kernel.objection(op, c.outline(device));
        Case wide = new Case(c.label(), op, PLAIN, c.model(), c.operands());
        if (refusal == null && c.model() && Bench.takers(wide, Device.CPU).isEmpty()) refusal = "no kernel of the CPU computes it for comparison";
        if (refusal != null) return new Result(c.name(), kernel.name(), refusal, 0, 0, null);
        try (Scope _ = Scope.open()) {
            Tensor[] host = c.draw(Device.CPU), in = new Tensor[host.length];
            for (int i = 0; i < in.length; i++) in[i] = guarded(host[i], device);
            Shape shape = op.shape(in);
            Tensor expected = c.model() ? kernels(op, kernel.rounded(host)) : reference(kernel, op, host);
            Tensor actual = guarded(poison(op.dtype(in), shape), device);
            kernel.run(op, in, actual);
            Tensor result = content(actual);
            Result worst = null;
            long first = 0;
            double bytes = Tolerance.ofBytes(kernel.rounds(), op, host);
            for (long count : op.parts(in)) {
                Shape flat = Shape.of(Math.toIntExact(count));
                Result part = compare(c, kernel.name(), result.view(first, flat), expected.view(first, flat), first, bytes);
                if (worst == null || part.isWorseThan(worst)) worst = part;
                first += count;
            }
            String failure = worst.failure;
            if (!guardsHold(actual)) failure = "writes outside its result";
            for (int i = 0; i < in.length; i++) {
                if (content(in[i]).segment().mismatch(host[i].segment()) >= 0 || !guardsHold(in[i])) failure = "changes operand " + i;
            }
            return new Result(c.name(), kernel.name(), null, worst.error, worst.allowed, failure);
        }
    }

    /** Compares one part of a result, which begins at element {@code first}, with its expected values. @param more is allowed beside the tolerance */
    private static Result compare(Case c, String kernel, Tensor actual, Tensor expected, long first, double more) {
        float[] got = actual.toFloats(), right = expected.toFloats();
        // Two kernels, of which neither is exact, may be twice as far apart.
        double allowed = Tolerance.of(c.op(), kernel, actual.dtype()) * magnitude(right) * (c.model() ? 2 : 1) + more, error = 0;
        int worst = 0;
        for (int i = 0; i < right.length; i++) {
            double e = got[i] == right[i] ? 0 : difference(got[i], right[i]);
            if (e > error) error = e;
            if (e == error) worst = i;
        }
        String wrong = "element " + (first + worst) + " is " + got[worst] + ", expected " + right[worst];
        return new Result(c.name(), kernel, null, error, allowed, error <= allowed ? null : wrong);
    }

    private static <O extends Op> Tensor reference(Kernel<O> kernel, O op, Tensor[] in) {
        Tensor out = Tensor.empty(Device.CPU, op.dtype(in), op.shape(in));
        kernel.expected(op, in, out);
        return out;
    }

    /** The result of the CPU's kernels, which are fast, and which small cases compare with references. */
    private static Tensor kernels(Op op, Tensor[] in) {
        Tensor[] wide = new Tensor[in.length];
        for (int i = 0; i < in.length; i++) wide[i] = in[i].dtype().isFloating() ? in[i].to(DType.F32) : in[i];
        return Engine.run(op, wide);
    }

    private static double magnitude(float[] values) {
        float max = 0;
        for (float v : values) if (Math.abs(v) > max && Float.isFinite(v)) max = Math.abs(v);
        return max;
    }

    /** NaN equals only NaN and an infinity only itself. */
    private static double difference(float a, float e) {
        if (a == e || Float.isNaN(a) && Float.isNaN(e)) return 0;
        return Float.isFinite(a) && Float.isFinite(e) ? Math.abs((double) a - e) : Double.POSITIVE_INFINITY;
    }

    /** All bits set, which is NaN in every floating type. */
    private static Tensor poison(DType dtype, Shape shape) {
        Tensor t = Tensor.empty(Device.CPU, dtype, shape);
        t.segment().fill((byte) -1);
        return t;
    }

    private static Tensor guarded(Tensor t, Device device) {
        Tensor whole = poison(DType.U8, Shape.of(Math.toIntExact(t.bytes() + 2 * GUARD)));
        MemorySegment.copy(t.segment(), 0, whole.segment(), GUARD, t.bytes());
        return new Tensor(whole.to(device).storage(), GUARD, t.shape(), t.dtype(), t.label());
    }

    private static Tensor content(Tensor guarded) { return guarded.to(Device.CPU); }

    private static boolean guardsHold(Tensor guarded) {
        int bytes = Math.toIntExact(guarded.storage().bytes());
        Tensor whole = new Tensor(guarded.storage(), 0, Shape.of(bytes), DType.U8, null).to(Device.CPU);
        for (int i = 0; i < GUARD; i++) if (whole.get(i) != 255 || whole.get(bytes - 1 - i) != 255) return false;
        return true;
    }
}
