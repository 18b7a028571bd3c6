package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;
import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.LT;

import dev.faithdiff.kernels.cpu.Vec;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/** BF16 in floats, for processors that do not multiply BF16: the same rounding, and products of F32. It saves neither memory nor time. */
record RoundedFactors() implements Factors {
    @Override public Rows rows(Rows wide, int k) {
        return (row, rows, from, depth, to) -> {
            wide.pack(row, rows, from, depth, to);
            round(to, 0, rows, depth);
        };
    }

    @Override public void round(float[] rows, int at, int count, int numbers) {
        for (int r = 0; r < count; r++, at += STRIDE) {
            int i = at, end = at + numbers;
            for (; i <= end - LANES; i += LANES) rounded(FloatVector.fromArray(F, rows, i)).intoArray(rows, i);
            for (; i < end; i++) rows[i] = rounded(rows[i]);
        }
    }

    @Override public void roundPanel(long from, int k, long to) {
        for (long i = 0; i < 4L * k * WIDTH; i += 4L * LANES) Vec.store(rounded(Vec.load(from + i)), to + i);
    }

    private static FloatVector rounded(FloatVector x) {
        IntVector bits = x.reinterpretAsInts(), magnitude = bits.and(0x7fffffff);
        IntVector near = bits.add(bits.lanewise(LSHR, 16).and(1)).add(0x7fff).and(0xffff0000);
        near = near.blend(bits.and(0x80000000), magnitude.compare(LT, 0x00800000)).blend(bits, magnitude.compare(GE, 0x7f800000));
        return near.reinterpretAsFloats();
    }

    /** The same of one number. */
    static float rounded(float x) {
        int bits = Float.floatToRawIntBits(x), exponent = bits & 0x7f800000;
        if (exponent == 0x7f800000) return x;
        return Float.intBitsToFloat(exponent == 0 ? bits & 0x80000000 : bits + (bits >>> 16 & 1) + 0x7fff & 0xffff0000);
    }
}
