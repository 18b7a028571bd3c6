package dev.faithdiff.restore;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;

/**
 * Where a restorer computes, and how.
 *
 * @param dtype   the type of activations: F32, F16 or BF16; a small network may compute in F32 whatever this says
 * @param offload which weights lie on the device
 */
public record Compute(Device device, DType dtype, Offload offload) {
    /** In F32, with all weights on the device. */
    public static Compute on(Device device) { return new Compute(device, DType.F32, Offload.NONE); }
}
