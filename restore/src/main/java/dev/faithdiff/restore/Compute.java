package dev.faithdiff.restore;

import dev.faithdiff.nn.LoraFile;
import dev.faithdiff.nn.Residency;
import dev.faithdiff.nn.WeightSource;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * Where a restorer computes, and how.
 *
 * @param precision a small network may compute in F32 all the same
 * @param offload   which weights are on the device
 * @param loras     what is added to the weights while they are read
 * @param exact     whether results are the same bits on every machine: tiles then do not depend on the free memory
 */
public record Compute(Device device, NumberType precision, Offload offload, List<LoraFile> loras, boolean exact) {
    private static final double SHARE = 0.5;
    /** The budget of exact results: enough for a whole image of 1600x1600 pixels in the autoencoder of SDXL. */
    private static final long EXACT = 4L << 30;
    /** Bytes of a file from which on it pays to keep linear layers in 8 bits. */
    private static final long LARGE = 100L << 20;

    /** In which type networks compute and, where that is the narrower one, weights are kept. */
    public enum NumberType {
        F32(DType.F32), F16(DType.F16),
        /** On the CPU only the factors of products are rounded to it, while all else is F32, and weights stay as they are. */
        BF16(DType.BF16),
        /** On the CPU: as {@link #INT8_WEIGHTS}, and both factors of linear layers are rounded to bytes for the product, while all else is F32. */
        INT8(DType.F32),
        /** On the CPU: activations in F32, and weights of the linear layers of large networks in signed bytes with a scale for each output. */
        INT8_WEIGHTS(DType.F32),
        /** On a GPU: F16, and operands of linear layers and of a U-Net's convolutions are rounded to F8_E4M3, with scales, where that is faster. */
        F8(DType.F16);

        private final DType activations;

        NumberType(DType activations) { this.activations = activations; }

        /** The type of activations. */
        public DType activations() { return activations; }

        /** Whether it is one of signed bytes, for the CPU alone. */
        public boolean isBytes() { return this == INT8 || this == INT8_WEIGHTS; }

        @Override public String toString() { return name().toLowerCase(Locale.ROOT).replace('_', '-'); }
    }

    /** @throws IllegalArgumentException for 8-bit weights on a GPU, and for F8 on the CPU */
    public Compute {
        if (precision == NumberType.F8 && isCpu(device)) {
            throw new IllegalArgumentException("f8 is for a GPU; the CPU computes in f32, bf16 or int8");
        }
        if (precision.isBytes() && !isCpu(device)) {
            throw new IllegalArgumentException(precision + " is for the CPU; a GPU computes in f32, f16 or bf16");
        }
    }

    /** Without a LoRA. */
    public Compute(Device device, NumberType precision, Offload offload) { this(device, precision, offload, List.of(), false); }

    /** The type of activations: F32 where only products round to BF16. */
    public DType activations() { return rounding() == DType.BF16 ? DType.F32 : precision.activations(); }

    /** The type, narrower than the activations, to which products round their factors, or null: on the CPU BF16 and I8, on a GPU F8_E4M3. */
    public DType rounding() {
        if (precision == NumberType.F8) return DType.F8_E4M3;
        if (!isCpu(device)) return null;
        return precision == NumberType.BF16 ? DType.BF16 : precision == NumberType.INT8 ? DType.I8 : null;
    }

    /** Whether a device is the CPU or stands in for it. */
    static boolean isCpu(Device device) { return device.kind().equals(Device.CPU.kind()); }

    /** The same on another device. */
    public Compute on(Device other, NumberType type) { return new Compute(other, type, offload, loras, exact); }

    /** The same without a LoRA. */
    Compute plain() { return new Compute(device, precision, offload, List.of(), exact); }

    /** In F32, with all weights on the device. */
    public static Compute on(Device device) { return new Compute(device, NumberType.F32, Offload.NONE); }

    /** Weights of a source for networks that compute so. Those wider than the activations are rounded. @param residency moves them; may be null */
    public Weights weights(WeightSource source, Residency residency) {
        DType dtype = activations();
        if (precision.isBytes()) return Weights.quantized(source, device, LARGE);
        return Weights.of(source, device, dtype == DType.F32 ? null : dtype, residency);
    }

    /**
     * Says how many bytes a network may hold that sees a whole image: half of the device's memory that is free when it is asked. The rest is for what
     * kernels keep and for the image itself.
     */
    public LongSupplier budget() { return exact ? () -> EXACT : () -> (long) (SHARE * device.freeBytes()); }
}
