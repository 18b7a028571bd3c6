package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.ADDRESS;
import static dev.faithdiff.kernels.cpu.Vec.LE;
import static dev.faithdiff.kernels.cpu.Vec.MEMORY;
import static jdk.incubator.vector.VectorOperators.D2F;
import static jdk.incubator.vector.VectorOperators.F2D;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** {@link Sums} on the Vector API: half a vector of floats is loaded at a time and converted to a vector of doubles. */
public record SumsVector() implements Sums {
    private static final VectorSpecies<Double> D = VectorSpecies.of(double.class, Vec.F.vectorShape());
    private static final VectorSpecies<Float> HALF = VectorSpecies.of(float.class, VectorShape.forBitSize(32 * D.length()));

    @Override public double vectors(long x, int n) {
        double sum = 0;
        for (int p = 0; p < SIDE; p += STEP) {
            for (double lane : part(x + 4L * p, n).toArray()) sum += lane; // in one order, unlike reduceLanes
        }
        return sum;
    }

    private static DoubleVector part(long x, int n) {
        DoubleVector a = DoubleVector.zero(D);
        DoubleVector b = DoubleVector.zero(D);
        DoubleVector c = DoubleVector.zero(D);
        DoubleVector d = DoubleVector.zero(D);
        for (int i = 0; i < n; i += 4 * SIDE) {
            long at = x + 4L * i;
            a = a.add(load(at));
            b = b.add(load(at + 4L * SIDE));
            c = c.add(load(at + 8L * SIDE));
            d = d.add(load(at + 12L * SIDE));
        }
        return a.add(b).add(c.add(d));
    }

    @Override public void addVectors(long x, long step, int rows, long sums, int n) {
        int r = 0;
        for (; r <= rows - 4; r += 4) four(x + r * step, step, sums, n);
        for (; r < rows; r++) one(x + r * step, sums, n);
    }

    @Override public void storeVectors(long sums, double scale, long y, int n) {
        for (int i = 0; i < n; i += STEP) {
            FloatVector v = (FloatVector) doubles(sums + 8L * i).mul(scale).convertShape(D2F, HALF, 0);
            v.intoMemorySegment(MEMORY, y + 4L * i & ADDRESS, LE);
        }
    }

    @Override public void foldVectors(long sums, int rows, int row, int n) {
        for (int r = 1; r <= rows; r++) {
            long from = sums + 8L * r * row;
            for (int i = 0; i < n; i += STEP) put(doubles(sums + 8L * i).add(doubles(from + 8L * i)), sums + 8L * i);
        }
    }

    private static void one(long x, long sums, int n) {
        for (int i = 0; i < n; i += STEP) put(doubles(sums + 8L * i).add(load(x + 4L * i)), sums + 8L * i);
    }

    private static void four(long x, long step, long sums, int n) {
        for (int i = 0; i < n; i += STEP) {
            long at = x + 4L * i;
            DoubleVector a = load(at).add(load(at + step)), b = load(at + 2 * step).add(load(at + 3 * step));
            put(doubles(sums + 8L * i).add(a.add(b)), sums + 8L * i);
        }
    }

    private static DoubleVector doubles(long at) { return DoubleVector.fromMemorySegment(D, MEMORY, at & ADDRESS, LE); }

    private static void put(DoubleVector v, long at) { v.intoMemorySegment(MEMORY, at & ADDRESS, LE); }

    private static DoubleVector load(long at) {
        return (DoubleVector) FloatVector.fromMemorySegment(HALF, MEMORY, at & ADDRESS, LE).convertShape(F2D, D, 0);
    }
}
