package dev.faithdiff.restore;

import dev.faithdiff.nn.Residency;
import dev.faithdiff.nn.Residency.Place;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import java.util.Locale;
import java.util.function.Function;

/** Which weights are on the device. It changes nothing on the CPU: of mapped files what was used last is in memory. */
public enum Offload {
    /** All weights, from the opening of the model on. */
    NONE,
    /** Those of the network at work. The others are unloaded before it is loaded. */
    STAGES,
    /** As STAGES, but of a network in blocks only the block at work and the next one. They are loaded from pinned host memory in each step. */
    BLOCKS,
    /** The first of the above for which the device has room. */
    AUTO;

    /** Bytes that a tile of 1024 x 1024 needs in F32 beside weights, with the scratch memory of libraries. */
    private static final long WORKING = 6L << 30;

    /**
     * The choice that AUTO makes for the device's free memory; any other value is its own choice.
     *
     * @param all     bytes of all weights
     * @param largest bytes of the largest network's weights
     * @param dtype   the type of activations
     */
    public Offload chosen(long all, long largest, Device device, DType dtype) {
        if (this != AUTO) return this;
        if (Compute.isCpu(device)) return NONE;
        long room = device.freeBytes() - WORKING * dtype.bytes() / Float.BYTES;
        return room >= all ? NONE : room >= largest ? STAGES : BLOCKS;
    }

    /** Moves a model's weights; null where none move. @param places network and block of a parameter, by its key */
    public Residency residency(Device device, Function<String, Place> places) {
        if (this == NONE || Compute.isCpu(device)) return null;
        return new Residency(device, this == BLOCKS ? places : key -> new Place(places.apply(key).stage(), null));
    }

    @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
}
