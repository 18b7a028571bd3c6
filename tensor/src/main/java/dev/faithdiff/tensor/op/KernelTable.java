package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.OpError;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
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
    private final Map<Place, Kernel<?>> guests; // of no backend
    private final DType rounding; // or null

    KernelTable() { this(Map.of(), Map.of(), null); }

    private KernelTable(Map<Place, String> chosen, Map<Place, Kernel<?>> guests, DType rounding) {
        this.chosen = chosen;
        this.guests = guests;
        this.rounding = rounding;
    }

    /** The kernels of a kind of device for an op, best first; empty where only the op's reference is left. */
    public List<Kernel<?>> kernels(String kind, Class<? extends Op> op) {
        return lists.computeIfAbsent(new Place(kind, op), place -> {
            String first = chosen.getOrDefault(place, System.getProperty("faithdiff.kernel." + Op.name(op)));
            List<Kernel<?>> all = all(kind);
            List<Kernel<?>> own = ordered(kind, op, first == null ? roundingFirst(unasked(all, op, rounding), rounding) : all, first);
            return guests.containsKey(place) ? Stream.concat(Stream.of(guests.get(place)), own.stream()).toList() : own;
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
        return new KernelTable(Map.copyOf(more), guests, rounding);
    }

    /** This table with a kernel before all others of its op, though no backend has it. */
    public KernelTable with(String kind, Kernel<?> guest) {
        Map<Place, Kernel<?>> more = new HashMap<>(guests);
        more.put(new Place(kind, guest.op()), guest);
        return new KernelTable(chosen, Map.copyOf(more), rounding);
    }

    /** This table with the kernels that {@linkplain Kernel#rounds round} to a type first, but for ops for which one was put first. */
    public KernelTable rounding(DType to) { return rounding == to ? this : new KernelTable(chosen, guests, to); }

    /** Those that round to a type, those that do not round, and those that nobody asked for. @param to null: none */
    static List<Kernel<?>> roundingFirst(List<Kernel<?>> all, DType to) {
        Function<Kernel<?>, Integer> place = k -> k.rounds() == null ? 1 : k.rounds() == to ? 0 : 2;
        return all.stream().sorted(Comparator.comparing(place)).toList();
    }

    /** Without the kernels of a fused op that round to another type than is asked for: its parts can do without. @param to null: none */
    static List<Kernel<?>> unasked(List<Kernel<?>> all, Class<? extends Op> op, DType to) {
        return FusedOp.class.isAssignableFrom(op) ? all.stream().filter(k -> k.rounds() == null || k.rounds() == to).toList() : all;
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
