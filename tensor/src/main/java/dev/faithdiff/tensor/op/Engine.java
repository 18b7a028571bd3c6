package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;

/**
 * Runs ops; every computation goes through {@link #run}. It checks the operands, allocates the result in the current scope, has the first kernel of
 * the {@link KernelTable} that does not refuse compute it, and lets the tape record it. A {@link FusedOp} that no kernel takes, or that a tape would
 * record, is run as its parts, which observers and the tape then see instead.
 *
 * <p>{@link #observed}, {@link #checked}, {@link #exactly}, {@link #onKernels} and {@link #onReferences} apply to the ops of the given work alone:
 * to those of its thread, and to those of work that it passes to other threads by {@link #carried}. {@code -Dfaithdiff.check.nan=true} checks every
 * op of the process. An interrupted thread stops at its next op.
 */
public final class Engine {
    /** Sees each computed op: what ran, on which kernel, for how long. */
    public interface Observer {
        void ran(Op op, Tensor[] in, Tensor out, String kernel, long nanos);
    }

    /** How ops run: on which kernels, whether on none, whether exactly, whether results are checked, and who sees them (null: nobody). */
    private record Mode(KernelTable kernels, boolean references, boolean exact, boolean checks, Observer observer) {}

    private static final Mode PLAIN = new Mode(KernelTable.STANDARD, false, false, Boolean.getBoolean("faithdiff.check.nan"), null);
    private static final ScopedValue<Mode> MODE = ScopedValue.newInstance();

    private Engine() {}

    /**
     * Computes {@code op} on its operands, which must live on one device.
     *
     * @throws OpError               if they do not fit
     * @throws CancellationException if the thread was interrupted; it stays interrupted
     */
    public static Tensor run(Op op, Tensor... in) {
        Device device = device(op, in);
        Shape shape = op.shape(in);
        if (op instanceof FusedOp fused && (Tape.follows(in) || kernel(op, in) == null)) return fused.compose(in);
        long view = op.view(in);
        Tensor out = view >= 0 ? in[0].view(view, shape) : Tensor.empty(device, op.dtype(in), shape);
        if (view < 0) compute(op, in, out);
        Tape.record(op, in, out);
        return out;
    }

    /** Computes {@code op} into an existing tensor of the result's shape and type, in place. Not recorded by tapes. */
    public static void update(Op op, Tensor target, Tensor... in) {
        device(op, in);
        op.require(op.shape(in).equals(target.shape()) && op.dtype(in) == target.dtype(), in, "does not fit the target " + target);
        compute(op, in, target);
        target.storage().changed();
    }

    /** Runs one given kernel; for checks and benchmarks. */
    @SuppressWarnings("unchecked")
    public static <O extends Op> Tensor run(Kernel<O> kernel, Op op, Tensor... in) {
        Tensor out = Tensor.empty(device(op, in), op.dtype(in), op.shape(in));
        kernel.run((O) op, in, out);
        return out;
    }

    /** Runs work on the CPU whose ops are computed by their references instead of kernels; for checks. */
    public static <T> T onReferences(Supplier<T> work) {
        Mode m = mode();
        return in(new Mode(m.kernels, true, m.exact, m.checks, m.observer), work);
    }

    /** Runs work whose ops use the kernels of a table. */
    public static <T> T onKernels(KernelTable kernels, Supplier<T> work) {
        Mode m = mode();
        return in(new Mode(kernels, m.references, m.exact, m.checks, m.observer), work);
    }

    /** Runs work whose results do not depend on what was tuned on this machine. */
    public static <T> T exactly(Supplier<T> work) {
        Mode m = mode();
        return in(new Mode(m.kernels, m.references, true, m.checks, m.observer), work);
    }

    /** True in work whose results must not depend on what was tuned on this machine. */
    public static boolean isExact() { return mode().exact; }

    /** Runs work whose ops use the kernels that {@linkplain Kernel#rounds round their operands} to a type before others. */
    public static <T> T rounding(DType to, Supplier<T> work) { return onKernels(mode().kernels.rounding(to), work); }

    /** Runs work that fails at the first op whose result is not finite, naming the op and its operands. Slow: for finding where a NaN begins. */
    public static <T> T checked(Supplier<T> work) {
        Mode m = mode();
        return in(new Mode(m.kernels, m.references, m.exact, true, m.observer), work);
    }

    /** Runs work whose ops are reported to an observer, each after it ran; enclosing observers see them, too. */
    public static <T> T observed(Observer observer, Supplier<T> work) {
        Mode m = mode();
        Observer all = m.observer == null ? observer : (op, in, out, kernel, nanos) -> {
            m.observer.ran(op, in, out, kernel, nanos);
            observer.ran(op, in, out, kernel, nanos);
        };
        return in(new Mode(m.kernels, m.references, m.exact, m.checks, all), work);
    }

    /** The same work for another thread: its ops run there as they would on this one. */
    public static Runnable carried(Runnable work) {
        Mode m = mode();
        return m == PLAIN ? work : () -> ScopedValue.where(MODE, m).run(work);
    }

    private static <T> T in(Mode mode, Supplier<T> work) { return ScopedValue.where(MODE, mode).call(work::get); }

    private static Mode mode() { return MODE.orElse(PLAIN); }

    /** True while each op is observed or checked, so that ops must run one by one. */
    public static boolean isObserved() {
        Mode m = mode();
        return m.observer != null || m.checks;
    }

    /** The kernels that this thread's work uses for an op on a kind of device, best first. */
    public static List<Kernel<?>> kernels(String kind, Class<? extends Op> op) { return mode().kernels.kernels(kind, op); }

    private static Device device(Op op, Tensor[] in) {
        for (Tensor t : in) t.storage().require();
        for (Tensor t : in) {
            boolean live = t.storage().live(), here = t.device() == in[0].device();
            if (live && here) continue; // before messages are put together, which for small ops took longer than the op
            op.require(live, in, t + " is used after its scope was closed");
            op.require(here, in, "operands live on " + in[0].device().name() + " and " + t.device().name());
        }
        return in[0].device();
    }

    /** The kernel that computes a case in this thread's work, or null. */
    @SuppressWarnings("unchecked")
    private static <O extends Op> Kernel<O> kernel(O op, Tensor[] in) {
        Mode mode = mode();
        String kind = in[0].device().kind();
        boolean references = mode.references || kind.equals(Device.CPU.kind()) && isAnyEmpty(in);
        List<Kernel<?>> table = references ? List.of() : mode.kernels.kernels(kind, op.getClass());
        for (Kernel<?> k : table) if (((Kernel<O>) k).objection(op, in) == null) return (Kernel<O>) k;
        return null;
    }

    private static boolean isAnyEmpty(Tensor[] in) {
        for (Tensor t : in) if (t.count() == 0) return true;
        return false;
    }

    private static <O extends Op> void compute(O op, Tensor[] in, Tensor out) {
        if (out.count() == 0) return;
        if (Thread.currentThread().isInterrupted()) throw new CancellationException("interrupted before " + op.name());
        Mode mode = mode();
        Kernel<O> kernel = kernel(op, in);
        if (kernel == null && op instanceof FusedOp fused) {
            try (Scope _ = Scope.open()) {
                compute(new CastOp(out.dtype()), new Tensor[] {fused.compose(in)}, out);
            }
            return;
        }
        Observer o = mode.observer;
        if (o != null) out.device().synchronize();
        long start = o == null ? 0 : System.nanoTime();
        if (!out.device().computes()) {
            // It is counted.
        } else if (kernel != null) {
            kernel.run(op, in, out);
        } else {
            op.require(out.device() == Device.CPU, in, "no kernel of " + out.device().name() + " takes this case");
            op.reference(in, out);
        }
        if (o != null) {
            out.device().synchronize();
            o.ran(op, in, out, kernel == null ? "reference" : kernel.name(), System.nanoTime() - start);
        }
        if (mode.checks && out.dtype().isFloating()) check(op, in, out);
    }

    private static void check(Op op, Tensor[] in, Tensor out) {
        try (Scope _ = Scope.open()) {
            Tensor host = out.to(Device.CPU);
            for (long i = 0; i < host.count(); i++) {
                float v = host.get(i);
                op.require(Float.isFinite(v), in, "the result has " + (Float.isNaN(v) ? "a NaN" : "an infinity") + " at element " + i);
            }
        }
    }
}
