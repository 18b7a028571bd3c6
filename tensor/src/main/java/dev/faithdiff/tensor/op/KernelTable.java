package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.OpError;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** Which kernels compute each op on each kind of device, best first. Immutable, so threads may share it. */
public final class KernelTable {
    /**
     * Each backend's own order, the default of {@link Engine}. The system property {@code faithdiff.kernel.OP} names a kernel
     * to put first for an op; a table reads it once, when the op is first looked up.
     */
    public static final KernelTable STANDARD = new KernelTable();

    private record Place(String kind, Class<?> op) {}

    private final Map<Place, List<Kernel<?>>> lists = new ConcurrentHashMap<>();
    private final Map<Place, String> chosen;
    private final boolean rounding;

    KernelTable() { this(Map.of(), false); }

    private KernelTable(Map<Place, String> chosen, boolean rounding) {
        this.chosen = chosen;
        this.rounding = rounding;
    }

    /** The kernels of a kind of device for an op, best first; empty where only the op's reference is left. */
    public List<Kernel<?>> kernels(String kind, Class<? extends Op> op) {
        return lists.computeIfAbsent(new Place(kind, op), place -> {
            String first = chosen.getOrDefault(place, System.getProperty("faithdiff.kernel." + Op.name(op)));
            List<Kernel<?>> all = all(kind);
            return ordered(kind, op, first != null ? all : rounding ? roundingFirst(all) : unasked(all, op), first);
        });
    }

    /**
     * This table with one kernel put first for an op on one kind of device.
     *
     * @param kernel its name, or {@code reference} for no kernel at all, so that the op's reference computes it
     * @throws OpError if there is no kernel of this name, listing those that there are
     */
    public KernelTable with(String kind, Class<? extends Op> op, String kernel) {
        ordered(kind, op, all(kind), kernel);
        Map<Place, String> more = new HashMap<>(chosen);
        more.put(new Place(kind, op), kernel);
        return new KernelTable(Map.copyOf(more), rounding);
    }

    /** This table with the kernels that {@linkplain Kernel#rounds round} first, but for ops for which one was put first. */
    public KernelTable rounding() { return rounding ? this : new KernelTable(chosen, true); }

    static List<Kernel<?>> roundingFirst(List<Kernel<?>> all) {
        return Stream.concat(all.stream().filter(Kernel::rounds), all.stream().filter(k -> !k.rounds())).toList();
    }

    /** Kernels of work that does not ask for rounding: of a fused op only those that do not, since its parts can do without. */
    static List<Kernel<?>> unasked(List<Kernel<?>> all, Class<? extends Op> op) {
        return FusedOp.class.isAssignableFrom(op) ? all.stream().filter(k -> !k.rounds()).toList() : all;
    }

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
