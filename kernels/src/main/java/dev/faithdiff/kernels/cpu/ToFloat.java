package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.ADDRESS;
import static dev.faithdiff.kernels.cpu.Vec.I;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.LE;
import static dev.faithdiff.kernels.cpu.Vec.MEMORY;
import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_B2I;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Converts numbers in native memory to floats, exactly, into an array or to an address; {@link FromFloat} is the inverse.
 *
 * <p>The bits of a narrow number, shifted so that its exponent ends where a float's does, are that number times a power of two. One multiplication
 * corrects it, also for subnormal numbers. Infinities and NaN then get a float's highest exponent.
 *
 * <p>The loops are written out for arrays and for addresses: the compiler does not always inline a method that returns one vector, and then
 * allocates an object for it.
 */
public final class ToFloat {
    private static final VectorSpecies<Short> SHORTS = VectorSpecies.of(short.class, VectorShape.forBitSize(16 * LANES));
    /** There is no vector below 8 bytes: with 4 lanes half of it is not used. */
    private static final VectorSpecies<Byte> BYTES = VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, 8 * LANES)));
    private static final int HIGHEST_EXPONENT = 0x7f800000;
    private static final boolean EMITTED = VecCode.isHere();

    private ToFloat() {}

    /** Converts {@code count} numbers into an array, from index {@code at} on. */
    public static void row(DType dtype, long from, int count, float[] to, int at) {
        int done = vectors(dtype, count);
        if (EMITTED && done > 0) ToFloatCode.run(dtype, from, done, to, at);
        else vectors(dtype, from, done, to, at);
        for (int i = done; i < count; i++) to[at + i] = dtype.get(MEMORY, from + (long) i * dtype.bytes());
    }

    /** Converts {@code count} numbers to floats at an address. */
    public static void row(DType dtype, long from, int count, long to) {
        int done = vectors(dtype, count);
        if (EMITTED && done > 0) ToFloatCode.run(dtype, from, done, to);
        else vectors(dtype, from, done, to);
        for (int i = done; i < count; i++) Vec.set(to + 4L * i, dtype.get(MEMORY, from + (long) i * dtype.bytes()));
    }

    /** Converts a tensor on all threads. */
    public static void all(Tensor from, Tensor to) {
        DType dtype = from.dtype();
        Chunks.run(from.count(), (at, count) -> row(dtype, from.address() + at * dtype.bytes(), count, to.address() + 4 * at));
    }

    /** How many of {@code count} numbers can be read as whole vectors. */
    private static int vectors(DType dtype, int count) {
        return switch (dtype) {
            case F32, F16, BF16 -> count / LANES * LANES;
            case F8_E4M3 -> Math.max(0, count - (BYTES.length() - LANES)) / LANES * LANES;
            default -> 0;
        };
    }

    /** What machine code does where there is some. */
    static void vectors(DType dtype, long from, int n, float[] to, int at) {
        switch (dtype) {
            case F32 -> f32(from, n, to, at);
            case F16 -> f16(from, n, to, at);
            case BF16 -> bf16(from, n, to, at);
            case F8_E4M3 -> f8(from, n, to, at);
            default -> { }
        }
    }

    /** The same. */
    static void vectors(DType dtype, long from, int n, long to) {
        switch (dtype) {
            case F32 -> Copy.bytes(from, to, 4L * n);
            case F16 -> f16(from, n, to);
            case BF16 -> bf16(from, n, to);
            case F8_E4M3 -> f8(from, n, to);
            default -> { }
        }
    }

    private static void f32(long from, int n, float[] to, int at) {
        for (int i = 0; i < n; i += LANES) Vec.load(from + 4L * i).intoArray(to, at + i);
    }

    /**
     * A plain loop, which the compiler vectorizes with the machine's own conversion, twice as fast. It does not do so between addresses, where it
     * cannot rule out overlap.
     */
    private static void f16(long from, int n, float[] to, int at) {
        for (int i = 0; i < n; i++) to[at + i] = Float.float16ToFloat(MEMORY.get(DType.SHORT, from + 2L * i));
    }

    private static void f16(long from, int n, long to) {
        for (int i = 0; i < n; i += LANES) {
            IntVector bits = shorts(from + 2L * i);
            FloatVector magnitude = bits.and(0x7fff).lanewise(LSHL, 13).reinterpretAsFloats().mul(0x1p112f);
            IntVector wide = magnitude.reinterpretAsInts();
            wide = wide.blend(wide.or(HIGHEST_EXPONENT), magnitude.compare(GE, 65536f).cast(I));
            Vec.store(wide.or(bits.and(0x8000).lanewise(LSHL, 16)).reinterpretAsFloats(), to + 4L * i);
        }
    }

    private static void bf16(long from, int n, float[] to, int at) {
        for (int i = 0; i < n; i += LANES) shorts(from + 2L * i).lanewise(LSHL, 16).reinterpretAsFloats().intoArray(to, at + i);
    }

    private static void bf16(long from, int n, long to) {
        for (int i = 0; i < n; i += LANES) Vec.store(shorts(from + 2L * i).lanewise(LSHL, 16).reinterpretAsFloats(), to + 4L * i);
    }

    private static void f8(long from, int n, float[] to, int at) {
        for (int i = 0; i < n; i += LANES) {
            IntVector bits = bytes(from + i);
            FloatVector magnitude = bits.and(0x7f).lanewise(LSHL, 20).reinterpretAsFloats().mul(0x1p120f);
            IntVector wide = magnitude.reinterpretAsInts();
            wide = wide.blend(wide.or(HIGHEST_EXPONENT), magnitude.compare(GE, 480f).cast(I));
            wide.or(bits.and(0x80).lanewise(LSHL, 24)).reinterpretAsFloats().intoArray(to, at + i);
        }
    }

    private static void f8(long from, int n, long to) {
        for (int i = 0; i < n; i += LANES) {
            IntVector bits = bytes(from + i);
            FloatVector magnitude = bits.and(0x7f).lanewise(LSHL, 20).reinterpretAsFloats().mul(0x1p120f);
            IntVector wide = magnitude.reinterpretAsInts();
            wide = wide.blend(wide.or(HIGHEST_EXPONENT), magnitude.compare(GE, 480f).cast(I));
            Vec.store(wide.or(bits.and(0x80).lanewise(LSHL, 24)).reinterpretAsFloats(), to + 4L * i);
        }
    }

    private static IntVector shorts(long from) {
        return (IntVector) ShortVector.fromMemorySegment(SHORTS, MEMORY, from & ADDRESS, LE).convertShape(ZERO_EXTEND_S2I, I, 0);
    }

    private static IntVector bytes(long from) {
        return (IntVector) ByteVector.fromMemorySegment(BYTES, MEMORY, from & ADDRESS, LE).convertShape(ZERO_EXTEND_B2I, I, 0);
    }
}
