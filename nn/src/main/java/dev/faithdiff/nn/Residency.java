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
 * Which weights lie on a device that has no room for all at once: those of one stage of the work, and of a stage that is cut into blocks only
 * the block at work and the one that followed it last time, which comes in meanwhile. Weights come when an op uses them, and those of other
 * stages and of blocks that are done leave; the model knows nothing of it. One thread at a time.
 */
public final class Residency implements AutoCloseable {
    /**
     * Where a parameter belongs.
     *
     * @param block the part of the stage that is at work for a while; null: on the device all through the stage
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

    /** Divides the tensors of a source into parts; each tensor's part by its key. @param dtype as {@link Weights#of} takes it */
    Map<String, WeightGroup> parts(WeightSource source, DType dtype) {
        Map<Place, List<String>> members = new LinkedHashMap<>();
        for (String key : source.held().keySet()) members.computeIfAbsent(places.apply(key), p -> new ArrayList<>()).add(key);
        Map<String, WeightGroup> byKey = new HashMap<>();
        members.forEach((place, keys) -> {
            WeightGroup part = new WeightGroup(this, place, source, keys, dtype);
            all.add(part);
            for (String key : keys) byKey.put(key, part);
        });
        return byKey;
    }

    /** Brings a part in before it is used. */
    void bring(WeightGroup part) {
        for (WeightGroup p : List.copyOf(present)) if (p != part && p.makesRoomFor(part)) leave(p);
        enter(part);
        part.settle();
        if (!part.isBlock()) return;
        if (last != null) last.next = part;
        last = part;
        if (part.next != null && part.next != part && part.next.sharesStageWith(part)) enter(part.next);
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
     * Work in the form that is best repeated. Blocks come and go in it, so it stays as it is; else it is done plainly and recorded anew when
     * weights have left since, as they come back to another place.
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

    /** Gives up what is on the device and in pinned memory; the weights cannot be used any more. */
    @Override public void close() {
        for (WeightGroup p : List.copyOf(present)) leave(p);
        all.forEach(WeightGroup::close);
    }
}
