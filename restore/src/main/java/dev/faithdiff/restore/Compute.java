package dev.faithdiff.restore;

import dev.faithdiff.nn.LoraFile;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Where a restorer computes, and how.
 *
 * @param dtype   the type of activations: F32, F16 or BF16; a small network may compute in F32 all the same
 * @param offload which weights are on the device
 * @param loras   what is added to the weights while they are read
 * @param exact   whether results are the same bits on every machine: tiles then do not depend on the free memory
 */
public record Compute(Device device, DType dtype, Offload offload, List<LoraFile> loras, boolean exact) {
    private static final double SHARE = 0.5;
    /** The budget of exact results: enough for a whole image of 1600x1600 pixels in the autoencoder of SDXL. */
    private static final long EXACT = 4L << 30;

    /** Without a LoRA. */
    public Compute(Device device, DType dtype, Offload offload) { this(device, dtype, offload, List.of(), false); }

    /** The same without a LoRA. */
    Compute plain() { return new Compute(device, dtype, offload, List.of(), exact); }

    /** In F32, with all weights on the device. */
    public static Compute on(Device device) { return new Compute(device, DType.F32, Offload.NONE); }

    /**
     * Says how many bytes a network may hold that sees a whole image: half of the device's memory that is free when it is asked. The rest is for what
     * kernels keep and for the image itself.
     */
    public LongSupplier budget() { return exact ? () -> EXACT : () -> (long) (SHARE * device.freeBytes()); }
}
