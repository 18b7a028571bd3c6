package dev.faithdiff.convert.file;

import dev.faithdiff.tensor.DType;
import java.lang.foreign.MemorySegment;

/** Converts elements to and from floats. The element types of large checkpoints have loops of their own, which the JIT makes fast. */
final class Floats {
    private Floats() { }

    static void read(DType dtype, MemorySegment in, long at, float[] values, int n) {
        switch (dtype) {
            case F32 -> MemorySegment.copy(in, DType.FLOAT, at, values, 0, n);
            case F16 -> { for (int i = 0; i < n; i++) values[i] = Float.float16ToFloat(in.get(DType.SHORT, at + 2L * i)); }
            case BF16 -> { for (int i = 0; i < n; i++) values[i] = DType.bf16ToFloat(in.get(DType.SHORT, at + 2L * i)); }
            default -> { for (int i = 0; i < n; i++) values[i] = dtype.get(in, at + (long) dtype.bytes() * i); }
        }
    }

    /** Writes to the start of {@code out} and returns the largest finite magnitude it met. */
    static float write(DType dtype, float[] values, int n, MemorySegment out) {
        switch (dtype) {
            case F32 -> MemorySegment.copy(values, 0, out, DType.FLOAT, 0, n);
            case F16 -> { for (int i = 0; i < n; i++) out.set(DType.SHORT, 2L * i, Float.floatToFloat16(values[i])); }
            case BF16 -> { for (int i = 0; i < n; i++) out.set(DType.SHORT, 2L * i, DType.floatToBf16(values[i])); }
            case F8_E4M3 -> { for (int i = 0; i < n; i++) out.set(DType.BYTE, i, DType.floatToF8(values[i])); }
            default -> { for (int i = 0; i < n; i++) dtype.set(out, (long) dtype.bytes() * i, values[i]); }
        }
        int largest = 0;
        for (int i = 0; i < n; i++) {
            int bits = Float.floatToRawIntBits(values[i]) & 0x7fff_ffff;
            largest = Math.max(largest, bits < 0x7f80_0000 ? bits : 0);
        }
        return Float.intBitsToFloat(largest);
    }

    /** How many of the values are infinite or NaN. */
    static int notFinite(float[] values, int n) {
        int count = 0;
        for (int i = 0; i < n; i++) if ((Float.floatToRawIntBits(values[i]) & 0x7f80_0000) == 0x7f80_0000) count++;
        return count;
    }
}
