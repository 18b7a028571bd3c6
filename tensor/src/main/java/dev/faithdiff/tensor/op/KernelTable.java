package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.OpError;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** Which kernels compute each op on each kind of device, best first. Immutable, so threads may share it. */
public final class KernelTable {
    /**
     * Each backend's own order, the default of {@link Engine}. The system property {@code faithdiff.kernel.OP} names a kernel
     * to put first for an op; it is read once, when the op is first looked up.
     */
    public static final KernelTable STANDARD = new KernelTable();

    private final Map<String, Map<Class<?>, List<Kernel<?>>>> lists = new ConcurrentHashMap<>();

    KernelTable() {}

    /** The kernels of a kind of device for an op, best first; empty where only the op's reference is left. */
    public List<Kernel<?>> kernels(String kind, Class<? extends Op> op) {
        return of(kind).computeIfAbsent(op, o -> ordered(kind, op, all(kind), System.getProperty("faithdiff.kernel." + Op.name(op))));
    }

    /**
     * This table with one kernel put first for an op on one kind of device.
     *
     * @param kernel its name, or {@code reference} for no kernel at all, so that the op's reference computes it
     * @throws OpError if there is no kernel of this name, listing those that there are
     */
    public KernelTable with(String kind, Class<? extends Op> op, String kernel) {
        KernelTable changed = new KernelTable();
        lists.forEach((k, own) -> changed.of(k).putAll(own));
        changed.of(kind).put(op, ordered(kind, op, all(kind), kernel));
        return changed;
    }

    private Map<Class<?>, List<Kernel<?>>> of(String kind) { return lists.computeIfAbsent(kind, k -> new ConcurrentHashMap<>()); }

    private static List<Kernel<?>> all(String kind) {
        Backend backend = Backend.of(kind);
        return backend == null ? List.of() : backend.kernels();
    }

    /** Those of {@code all} that compute an op, in their order but for the one to put first. @param first null: none */
    static List<Kernel<?>> ordered(String kind, Class<? extends Op> op, List<Kernel<?>> all, String first) {
        if ("reference".equals(first)) return List.of();
        List<Kernel<?>> own = all.stream().<Kernel<?>>filter(k -> k.op() == op).toList();
        if (first == null) return own;
        if (own.stream().noneMatch(k -> k.name().equals(first))) {
            throw new OpError("there is no kernel '" + first + "' for " + Op.name(op) + " on " + kind + "; there are "
                    + Stream.concat(own.stream().map(Kernel::name), Stream.of("reference")).toList());
        }
        return Stream.concat(own.stream().filter(k -> k.name().equals(first)), own.stream().filter(k -> !k.name().equals(first))).toList();
    }
}
