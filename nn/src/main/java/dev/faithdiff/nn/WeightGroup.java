package dev.faithdiff.nn;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Storage;
import dev.faithdiff.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Weights that are moved to a device and away together, in one storage. A block is needed in each step, so a copy of it stays in the host
 * memory from which uploads are fastest; other groups are read from their source again.
 */
final class WeightGroup {
    private static final long ALIGNMENT = 256;

    /** Where a tensor lies in the storage. */
    private record Member(String key, Shape shape, DType dtype, long offset) {}

    private final Residency residency;
    private final Residency.Place place;
    private final WeightSource source;
    private final Map<String, Member> members = new HashMap<>();
    private final long bytes;
    private final Storage storage;
    private Storage memory;
    private Arena arena;
    private MemorySegment ready;
    private Runnable arrival = () -> {};
    /** The block that was used after this one last time. */
    WeightGroup next;

    /** @param dtype as {@link Weights#of} takes it */
    WeightGroup(Residency residency, Residency.Place place, WeightSource source, List<String> keys, DType dtype) {
        this.residency = residency;
        this.place = place;
        this.source = source;
        long at = 0;
        for (String key : keys) {
            WeightSource.Held held = source.held().get(key);
            DType type = PlacedWeights.type(held.dtype(), dtype);
            members.put(key, new Member(key, Layout.inLayer(held.shape()), type, at));
            at += (held.shape().count() * type.bytes() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        }
        bytes = at;
        storage = Storage.visiting(residency.device(), bytes, () -> residency.bring(this));
    }

    /** The tensor of a key in the shape that its layer holds it in. */
    Tensor tensor(String key, Shape shape) {
        Member m = members.get(key);
        return new Tensor(storage, m.offset, shape, m.dtype, key);
    }

    boolean isBlock() { return place.block() != null; }

    boolean sharesStageWith(WeightGroup other) { return place.stage().equals(other.place.stage()); }

    /** Whether this group must leave when another one comes: one of another stage, or another block. */
    boolean makesRoomFor(WeightGroup other) { return !sharesStageWith(other) || isBlock() && other.isBlock(); }

    /** Takes memory and begins to fill it. */
    void enter() {
        Device device = residency.device();
        memory = device.allocate(bytes);
        try {
            if (isBlock() && source.hasValues()) arrival = device.uploadAhead(ready(), memory);
            else forEachValue((m, data) -> device.upload(data, memory, m.offset));
        } catch (Throwable e) {
            device.release(memory);
            throw e;
        }
    }

    /** Makes the memory that {@link #enter} took usable. */
    void settle() {
        arrival.run();
        arrival = () -> {};
        storage.arrive(memory);
    }

    /** Gives the memory back. */
    void leave() {
        arrival.run();
        arrival = () -> {};
        storage.forget();
        residency.device().release(memory);
        memory = null;
    }

    void close() {
        storage.end();
        ready = null;
        if (arena != null) arena.close();
        arena = null;
    }

    private MemorySegment ready() {
        if (ready == null) {
            arena = Arena.ofShared();
            ready = residency.device().hostMemory(bytes, arena);
            forEachValue((m, data) -> MemorySegment.copy(data, 0, ready, m.offset, data.byteSize()));
        }
        return ready;
    }

    private interface Use {
        void take(Member member, MemorySegment data);
    }

    private void forEachValue(Use use) {
        if (!source.hasValues()) return;
        for (Member m : members.values()) {
            try (Scope _ = Scope.open()) {
                use.take(m, source.get(m.key, null, m.shape).to(m.dtype).segment());
            }
        }
    }
}
