package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.I;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.LE;
import static dev.faithdiff.kernels.cpu.Vec.MEMORY;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.OR;
import static jdk.incubator.vector.VectorOperators.UGE;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_B2I;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import dev.faithdiff.tensor.DType;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Floating types of native memory as floats, exactly.
 *
 * <p>The bits of a narrow number, shifted so that its exponent ends where a float's does, are that number times a power of two;
 * one multiplication corrects it, subnormal numbers included. Infinities and NaN then get a float's highest exponent.
 */
final class Widen {
    private static final VectorSpecies<Short> SHORTS = VectorSpecies.of(short.class, VectorShape.forBitSize(16 * LANES));
    /** The narrowest vector has 8 bytes: with 4 lanes it is widened in two parts. */
    private static final VectorSpecies<Byte> BYTES = VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, 8 * LANES)));
    private static final int HIGHEST_EXPONENT = 0x7f800000;

    private Widen() {}

    /** Copies {@code count} numbers into {@code to}. */
    static void row(DType dtype, long from, int count, float[] to, int at) {
        int done = switch (dtype) {
            case F32 -> f32(from, count, to, at);
            case F16 -> f16(from, count, to, at);
            case BF16 -> bf16(from, count, to, at);
            case F8_E4M3 -> f8(from, count, to, at);
            default -> 0;
        };
        for (int i = done; i < count; i++) to[at + i] = dtype.get(MEMORY, from + (long) i * dtype.bytes());
    }

    private static int f32(long from, int count, float[] to, int at) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) Vec.load(from + 4L * i).intoArray(to, at + i);
        return i;
    }

    private static int f16(long from, int count, float[] to, int at) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            narrow(shorts(from + 2L * i), 0x8000, 16, 0x7fff, 13, 0x1p112f, 0x7c00).intoArray(to, at + i);
        }
        return i;
    }

    private static int bf16(long from, int count, float[] to, int at) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) shorts(from + 2L * i).lanewise(LSHL, 16).reinterpretAsFloats().intoArray(to, at + i);
        return i;
    }

    private static int f8(long from, int count, float[] to, int at) {
        int i = 0, step = BYTES.length();
        for (; i <= count - step; i += step) {
            ByteVector v = ByteVector.fromMemorySegment(BYTES, MEMORY, from + i, LE);
            for (int part = 0; part < step / LANES; part++) {
                IntVector bits = (IntVector) v.convertShape(ZERO_EXTEND_B2I, I, part);
                narrow(bits, 0x80, 24, 0x7f, 20, 0x1p120f, 0x7f).intoArray(to, at + i + part * LANES);
            }
        }
        return i;
    }

    private static IntVector shorts(long from) {
        return (IntVector) ShortVector.fromMemorySegment(SHORTS, MEMORY, from, LE).convertShape(ZERO_EXTEND_S2I, I, 0);
    }

    /** Floats from narrow bits; those of magnitude {@code special} on are infinite or NaN. */
    private static FloatVector narrow(IntVector bits, int sign, int signShift, int rest, int shift, float scale, int special) {
        IntVector magnitude = bits.and(rest);
        IntVector wide = magnitude.lanewise(LSHL, shift).reinterpretAsFloats().mul(scale).reinterpretAsInts();
        wide = wide.lanewise(OR, HIGHEST_EXPONENT, magnitude.compare(UGE, special));
        return wide.or(bits.and(sign).lanewise(LSHL, signShift)).reinterpretAsFloats();
    }
}
