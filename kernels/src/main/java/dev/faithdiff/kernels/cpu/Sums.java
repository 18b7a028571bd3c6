package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.LE;
import static dev.faithdiff.kernels.cpu.Vec.MEMORY;
import static jdk.incubator.vector.VectorOperators.F2D;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Sums of floats in double: half a vector of floats is loaded at a time and becomes a whole one. */
final class Sums {
    private static final VectorSpecies<Double> D = VectorSpecies.of(double.class, Vec.F.vectorShape());
    private static final VectorSpecies<Float> HALF = VectorSpecies.of(float.class, VectorShape.forBitSize(32 * D.length()));
    private static final int STEP = D.length();

    private Sums() {}

    /** The sum of {@code n} floats. */
    static double of(long x, int n) {
        int whole = n - n % (4 * STEP);
        double sum = vectors(x, whole);
        for (int i = whole; i < n; i++) sum += Vec.get(x + 4L * i);
        return sum;
    }

    /** Adds {@code n} floats to as many sums. */
    static void add(long x, double[] sums, int n) {
        int whole = n - n % STEP;
        addVectors(x, sums, whole);
        for (int i = whole; i < n; i++) sums[i] += Vec.get(x + 4L * i);
    }

    private static double vectors(long x, int n) {
        DoubleVector a = DoubleVector.zero(D), b = DoubleVector.zero(D), c = DoubleVector.zero(D), d = DoubleVector.zero(D);
        for (int i = 0; i < n; i += 4 * STEP) {
            long at = x + 4L * i;
            a = a.add(load(at));
            b = b.add(load(at + 4L * STEP));
            c = c.add(load(at + 8L * STEP));
            d = d.add(load(at + 12L * STEP));
        }
        return a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
    }

    private static void addVectors(long x, double[] sums, int n) {
        for (int i = 0; i < n; i += STEP) DoubleVector.fromArray(D, sums, i).add(load(x + 4L * i)).intoArray(sums, i);
    }

    private static DoubleVector load(long at) {
        return (DoubleVector) FloatVector.fromMemorySegment(HALF, MEMORY, at, LE).convertShape(F2D, D, 0);
    }
}
