package dev.faithdiff.restore;

import dev.faithdiff.nn.Residency;
import dev.faithdiff.nn.Residency.Place;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import java.util.Locale;
import java.util.function.Function;

/** Which weights lie on a device. On the CPU they are mapped from their files, and this changes nothing. */
public enum Offload {
    /** All of them, from opening the model on. */
    NONE,
    /** Those of the network at work: the others are unloaded before it is loaded. */
    STAGES,
    /** As STAGES, and of a network in blocks only the block at work and the next one, in each step anew from pinned host memory. */
    BLOCKS,
    /** The first of these for which the device has room. */
    AUTO;

    /** What a tile of 1024 x 1024 needs beside weights, in F32, with scratch of the libraries. */
    private static final long WORKING = 6L << 30;

    /**
     * This, or for AUTO the first that the device's free memory allows.
     *
     * @param all     bytes of all weights
     * @param largest bytes of the largest network's weights
     * @param dtype   the type of activations
     */
    public Offload chosen(long all, long largest, Device device, DType dtype) {
        if (this != AUTO) return this;
        if (device == Device.CPU) return NONE;
        long room = device.freeBytes() - WORKING * dtype.bytes() / Float.BYTES;
        return room >= all ? NONE : room >= largest ? STAGES : BLOCKS;
    }

    /** What moves a model's weights, or null where none move. @param places network and block of a parameter by its key */
    public Residency residency(Device device, Function<String, Place> places) {
        if (this == NONE || device == Device.CPU) return null;
        return new Residency(device, this == BLOCKS ? places : key -> new Place(places.apply(key).stage(), null));
    }

    @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
}
