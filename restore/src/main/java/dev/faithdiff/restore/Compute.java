package dev.faithdiff.restore;

import dev.faithdiff.nn.LoraFile;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import java.util.List;

/**
 * Where a restorer computes, and how.
 *
 * @param dtype   the type of activations: F32, F16 or BF16; a small network may compute in F32 all the same
 * @param offload which weights are on the device
 * @param loras   what is added to the weights while they are read
 */
public record Compute(Device device, DType dtype, Offload offload, List<LoraFile> loras) {
    private static final double SHARE = 0.5;

    /** Without a LoRA. */
    public Compute(Device device, DType dtype, Offload offload) { this(device, dtype, offload, List.of()); }

    /** The same without a LoRA. */
    Compute plain() { return new Compute(device, dtype, offload); }

    /** In F32, with all weights on the device. */
    public static Compute on(Device device) { return new Compute(device, DType.F32, Offload.NONE); }

    /**
     * How many bytes a network may hold that sees a whole image: half of the device's free memory. The rest is for what kernels keep and for
     * the image itself.
     */
    public static long budget(Device device) { return (long) (SHARE * device.freeBytes()); }
}
