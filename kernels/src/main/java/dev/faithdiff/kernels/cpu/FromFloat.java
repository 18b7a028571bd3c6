package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.ADDRESS;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.LE;
import static dev.faithdiff.kernels.cpu.Vec.MEMORY;
import static dev.faithdiff.kernels.cpu.Vec.load;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.I2B;
import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.LT;

import dev.faithdiff.tensor.DType;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Converts floats to other types by the rounding rules of {@link DType}; {@link ToFloat} is the inverse.
 *
 * <p>Values that become subnormal are rounded by adding a constant, the others by adding half a unit.
 */
public final class FromFloat {
    private static final VectorSpecies<Short> S = VectorSpecies.of(short.class, VectorShape.forBitSize(16 * LANES));
    private static final boolean BYTES = LANES >= 8; // there is no vector of 32 bits
    private static final VectorSpecies<Byte> B = VectorSpecies.of(byte.class, VectorShape.forBitSize(BYTES ? 8 * LANES : 64));
    private static final int INFINITY = 0x7f800000;

    private FromFloat() {}

    /** Converts {@code count} floats to a type. */
    public static void row(DType dtype, long from, int count, long to) {
        int i = count - count % LANES;
        switch (dtype) {
            case F32 -> { Copy.bytes(from, to, 4L * count); return; }
            case F16 -> f16(from, to, i);
            case BF16 -> bf16(from, to, i);
            case F8_E4M3 -> { if (BYTES) f8(from, to, i); else i = 0; }
            default -> i = 0;
        }
        for (; i < count; i++) dtype.set(MEMORY, to + (long) i * dtype.bytes(), Vec.get(from + 4L * i));
    }

    private static void f16(long from, long to, int n) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector x = load(from + 4L * i);
            IntVector bits = x.reinterpretAsInts(), a = bits.and(0x7fffffff);
            IntVector out = rounded(a, 13).sub(112 << 10).min(0x7c00);
            IntVector small = a.reinterpretAsFloats().add(0.5f).reinterpretAsInts().sub(Float.floatToRawIntBits(0.5f));
            out = out.blend(small, a.compare(LT, 113 << 23)).blend(0x7e00, a.compare(GT, INFINITY));
            shorts(out.or(bits.lanewise(LSHR, 16).and(0x8000)), to + 2L * i);
        }
    }

    private static void bf16(long from, long to, int n) {
        for (int i = 0; i < n; i += LANES) {
            IntVector bits = load(from + 4L * i).reinterpretAsInts();
            VectorMask<Integer> nan = bits.and(0x7fffffff).compare(GT, INFINITY);
            shorts(rounded(bits, 16).blend(0x7fc0, nan), to + 2L * i);
        }
    }

    private static void f8(long from, long to, int n) {
        for (int i = 0; i < n; i += LANES) {
            IntVector bits = load(from + 4L * i).reinterpretAsInts(), a = bits.and(0x7fffffff);
            IntVector out = rounded(a, 20).sub(120 << 3).min(0x7e);
            IntVector small = a.reinterpretAsFloats().add(0x1p14f).reinterpretAsInts().sub(Float.floatToRawIntBits(0x1p14f));
            out = out.blend(small, a.compare(LT, 121 << 23)).blend(0x7f, a.compare(GT, INFINITY));
            out = out.or(bits.lanewise(LSHR, 24).and(0x80));
            ((ByteVector) out.convertShape(I2B, B, 0)).intoMemorySegment(MEMORY, to + i & ADDRESS, LE);
        }
    }

    /** Float bits without their lowest {@code drop}, rounded to nearest, ties to even. */
    private static IntVector rounded(IntVector bits, int drop) {
        IntVector odd = bits.lanewise(LSHR, drop).and(1);
        return bits.add((1 << drop - 1) - 1).add(odd).lanewise(ASHR, drop);
    }

    private static void shorts(IntVector v, long address) {
        ((ShortVector) v.convertShape(I2S, S, 0)).intoMemorySegment(MEMORY, address & ADDRESS, LE);
    }
}
