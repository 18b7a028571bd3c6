package dev.faithdiff.kernels.cpu;

import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;
import dev.faithdiff.tensor.DType;

/** The conversions of {@link ToFloat} as machine code. */
final class ToFloatCode {
    private static final Routine F32 = start(DType.F32), F16 = start(DType.F16), BF16 = start(DType.BF16), F8 = start(DType.F8_E4M3);

    private ToFloatCode() {}

    /** Converts {@code n} numbers, which are whole vectors, into an array. */
    static void run(DType dtype, long from, int n, float[] to, int at) { of(dtype).call(to, to, 4L * at, from, n / Vec.LANES, 0, 0, 0); }

    /** The same to an address. */
    static void run(DType dtype, long from, int n, long to) { of(dtype).call(to, 0, 0, from, n / Vec.LANES); }

    private static Routine of(DType dtype) {
        return switch (dtype) {
            case F32 -> F32;
            case F16 -> F16;
            case BF16 -> BF16;
            case F8_E4M3 -> F8;
            default -> throw new IllegalArgumentException(dtype + " has no routine");
        };
    }

    private static Routine start(DType dtype) { return routine(VecCode.start(), dtype); }

    /** A routine's arguments: where to write, a number of no meaning, bytes beyond that place, the address to read, and vectors. */
    static Routine routine(VectorCode c, DType dtype) {
        Gpr to = c.argument(0), from = c.argument(3);
        c.advance(to, c.argument(2));
        c.repeat(c.argument(4), () -> {
            c.store(load(c, dtype, from), to, 0);
            c.advance(from, c.bytes() / 4 * dtype.bytes());
            c.advance(to, c.bytes());
        });
        return c.routine("widen_" + dtype);
    }

    private static Value load(VectorCode c, DType dtype, Gpr from) {
        return switch (dtype) {
            case F16 -> c.loadF16(from, 0);
            case BF16 -> c.loadBf16(from, 0);
            case F8_E4M3 -> f8(c, c.ints.loadBytes(from, 0));
            default -> c.load(from, 0);
        };
    }

    private static Value f8(VectorCode c, Value bits) {
        Value magnitude = c.mul(c.ints.shiftLeft(c.and(bits, c.bits(0x7f)), 20), c.constant(0x1p120f));
        Value wide = c.less(magnitude, c.constant(480), magnitude, c.or(magnitude, c.bits(0x7f800000)));
        return c.or(wide, c.and(c.ints.shiftLeft(bits, 24), c.bits(0x80000000)));
    }
}
