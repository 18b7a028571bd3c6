package dev.faithdiff.nn;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Replay;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Keeps the weights of one stage of the work on a device that has no room for all. They are uploaded when an op uses one of them, and those of
 * other stages are removed. A stage may be divided into blocks: then only the running block is there, and the block that followed it last time,
 * which is uploaded meanwhile. Networks know nothing of it. One thread at a time.
 */
public final class Residency implements AutoCloseable {
    /**
     * Where a parameter belongs.
     *
     * @param block the block of the stage; null: on the device during the whole stage
     */
    public record Place(String stage, String block) {}

    private final Device device;
    private final Function<String, Place> places;
    private final List<WeightGroup> present = new ArrayList<>();
    private final List<WeightGroup> all = new ArrayList<>();
    private WeightGroup last;
    private long departures;

    /** @param places the place of a parameter by its key */
    public Residency(Device device, Function<String, Place> places) {
        this.device = device;
        this.places = places;
    }

    Device device() { return device; }

    /** Divides the tensors of a source into groups, and gives each key's group. @param dtype as {@link Weights#of} takes it */
    Map<String, WeightGroup> groups(WeightSource source, DType dtype) {
        Map<Place, List<String>> members = new LinkedHashMap<>();
        for (String key : source.held().keySet()) members.computeIfAbsent(places.apply(key), p -> new ArrayList<>()).add(key);
        Map<String, WeightGroup> byKey = new HashMap<>();
        members.forEach((place, keys) -> {
            WeightGroup group = new WeightGroup(this, place, source, keys, dtype);
            all.add(group);
            for (String key : keys) byKey.put(key, group);
        });
        return byKey;
    }

    /** Uploads a group before it is used. */
    void bring(WeightGroup group) {
        for (WeightGroup p : List.copyOf(present)) if (p != group && p.makesRoomFor(group)) leave(p);
        enter(group);
        group.settle();
        if (!group.isBlock()) return;
        if (last != null) last.next = group;
        last = group;
        if (group.next != null && group.next != group && group.next.sharesStageWith(group)) enter(group.next);
    }

    private void enter(WeightGroup p) {
        if (present.contains(p)) return;
        p.enter();
        present.add(p);
    }

    private void leave(WeightGroup p) {
        p.leave();
        present.remove(p);
        departures++;
    }

    /**
     * Work that is to be repeated. Without blocks the device may record it, and records it again if weights have left since, because they come
     * back to another address. With blocks it is the work itself, since weights come and go in it.
     */
    public Replay replay(Replay work) {
        if (all.stream().anyMatch(WeightGroup::isBlock)) return work;
        return new Replay() {
            private Replay recorded = device.replay(work);
            private long seen = departures;

            @Override public Tensor run(Tensor... in) {
                if (seen != departures) {
                    recorded.close();
                    recorded = device.replay(work);
                }
                Tensor result = recorded.run(in);
                seen = departures;
                return result;
            }

            @Override public void close() { recorded.close(); }
        };
    }

    /** Frees the memory on the device and the pinned memory; the weights cannot be used any more. */
    @Override public void close() {
        for (WeightGroup p : List.copyOf(present)) leave(p);
        all.forEach(WeightGroup::close);
    }
}
