package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The one funnel: every computation passes {@link #run}. Operands are checked, the result is allocated in the current scope, the
 * first kernel of the device's table that does not refuse computes it, and the tape records it.
 *
 * <p>{@code -Dfaithdiff.kernel.LinearOp=NAME} puts one kernel first; the name {@code reference} stands for the op's own loops.
 * {@code -Dfaithdiff.check.nan=true}, or {@link #checked} for some work, fails at the first op that produces a NaN or an infinity. An
 * interrupted thread gets no further than its next op.
 */
public final class Engine {
    /** Sees each computed op: what ran, on which kernel, for how long. */
    public interface Observer {
        void ran(Op op, Tensor[] in, Tensor out, String kernel, long nanos);
    }

    private static final boolean CHECK_NAN = Boolean.getBoolean("faithdiff.check.nan");
    private static final ScopedValue<Boolean> REFERENCES = ScopedValue.newInstance(), CHECKS = ScopedValue.newInstance();
    private static final Map<String, Map<Class<?>, List<Kernel<?>>>> TABLES = new ConcurrentHashMap<>();
    private static volatile Observer observer;

    private Engine() {}

    /**
     * Computes {@code op} on its operands, which must live on one device.
     *
     * @throws OpError               if they do not fit
     * @throws CancellationException if the thread was interrupted, which it stays
     */
    public static Tensor run(Op op, Tensor... in) {
        Device device = device(op, in);
        Shape shape = op.shape(in);
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

    /** Runs one given kernel, for the laboratory. */
    @SuppressWarnings("unchecked")
    public static <O extends Op> Tensor run(Kernel<O> kernel, Op op, Tensor... in) {
        Tensor out = Tensor.empty(device(op, in), op.dtype(in), op.shape(in));
        kernel.run((O) op, in, out);
        return out;
    }

    /** Does work in which every op runs its own loops instead of a kernel; on the CPU, for the laboratory. */
    public static <T> T onReferences(Supplier<T> work) { return ScopedValue.where(REFERENCES, true).call(work::get); }

    /** Does work that fails at the first op whose result is not finite, naming the op and its operands; slow, to find out where it began. */
    public static <T> T checked(Supplier<T> work) { return ScopedValue.where(CHECKS, true).call(work::get); }

    /** Installs the one observer; null removes it. */
    public static void observe(Observer o) { observer = o; }

    /** True while somebody observes or checks each op, so that all must run one by one. */
    public static boolean isObserved() { return observer != null || CHECK_NAN || CHECKS.isBound(); }

    /** The kernels of a kind of device for an op, best first. */
    public static List<Kernel<?>> kernels(String kind, Class<? extends Op> op) {
        return TABLES.computeIfAbsent(kind, k -> new ConcurrentHashMap<>()).computeIfAbsent(op, o -> {
            Backend backend = Backend.of(kind);
            return table(kind, op, backend == null ? List.of() : backend.kernels());
        });
    }

    /** Puts a kernel first for an op from now on, as the op's property does; null leaves the order to the table. */
    public static void choose(Class<? extends Op> op, String kernel) {
        String property = "faithdiff.kernel." + Op.name(op);
        if (kernel == null) System.clearProperty(property);
        else System.setProperty(property, kernel);
        TABLES.clear();
    }

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

    @SuppressWarnings("unchecked")
    private static <O extends Op> void compute(O op, Tensor[] in, Tensor out) {
        if (out.count() == 0) return;
        if (Thread.currentThread().isInterrupted()) throw new CancellationException("interrupted before " + op.name());
        Kernel<O> kernel = null;
        List<Kernel<?>> table = REFERENCES.isBound() ? List.of() : kernels(out.device().kind(), op.getClass());
        for (Kernel<?> k : table) {
            if (((Kernel<O>) k).refuses(op, in) == null) {
                kernel = (Kernel<O>) k;
                break;
            }
        }
        Observer o = observer;
        if (o != null) out.device().synchronize();
        long start = o == null ? 0 : System.nanoTime();
        if (kernel != null) {
            kernel.run(op, in, out);
        } else {
            op.require(out.device() == Device.CPU, in, "no kernel of " + out.device().name() + " takes this case");
            op.reference(in, out);
        }
        if (o != null) {
            out.device().synchronize();
            o.ran(op, in, out, kernel == null ? "reference" : kernel.name(), System.nanoTime() - start);
        }
        if ((CHECK_NAN || CHECKS.isBound()) && out.dtype().isFloating()) check(op, in, out);
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

    /** Those of {@code all} that compute an op, in their order but for the one that the op's property puts first. */
    static List<Kernel<?>> table(String kind, Class<? extends Op> op, List<Kernel<?>> all) {
        String first = System.getProperty("faithdiff.kernel." + Op.name(op));
        if ("reference".equals(first)) return List.of();
        List<Kernel<?>> own = all.stream().<Kernel<?>>filter(k -> k.op() == op).toList();
        if (first == null) return own;
        if (own.stream().noneMatch(k -> k.name().equals(first))) {
            throw new OpError("there is no kernel '" + first + "' for " + Op.name(op) + " on " + kind + "; there are "
                    + own.stream().map(Kernel::name).toList());
        }
        return Stream.concat(own.stream().filter(k -> k.name().equals(first)), own.stream().filter(k -> !k.name().equals(first))).toList();
    }
}
