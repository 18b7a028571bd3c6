package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.Arrays;
import java.util.function.LongSupplier;
import jdk.incubator.vector.FloatVector;

/**
 * The peak rates of this machine on all threads: of multiply-adds in vector registers, and of copying between arrays larger than the caches.
 *
 * @param gflops 10^9 floating-point operations per second
 * @param gbytes 10^9 bytes per second, read and written
 */
public record Limits(double gflops, double gbytes) {
    private static final int CHAINS = 12, ROUNDS = 1 << 14, LEAST_TRIES = 50; // short rounds: the first ones run interpreted
    private static final int COPIED = 128 << 20;
    private static final long NANOS = 1_000_000_000;

    private static final class Measured {
        private static final Limits LIMITS = measure();
    }

    /** The limits of this machine; measuring them at the first call takes two seconds. */
    public static Limits measured() { return Measured.LIMITS; }

    /** Fraction of the limit that work reached: {@code max(flops / peak rate, bytes / bandwidth) / measured time}. */
    public double fraction(long flops, long bytes, double nanos) { return Math.max(flops / gflops, bytes / gbytes) / nanos; }

    private static Limits measure() {
        try (Scope _ = Scope.open()) {
            Tensor from = copied(), to = copied();
            return new Limits(best(Limits::multiplyAdds), best(() -> copy(from, to)));
        }
    }

    /** The best of many short tries, since other programs can only slow them down. */
    private static double best(LongSupplier work) {
        double best = 0;
        long start = System.nanoTime();
        for (int i = 0; i < LEAST_TRIES || System.nanoTime() < start + NANOS; i++) {
            long begin = System.nanoTime();
            best = Math.max(best, work.getAsLong() / (double) (System.nanoTime() - begin));
        }
        return best;
    }

    /** Runs multiply-adds on all threads and returns the number of operations. */
    public static long multiplyAdds() {
        int tasks = 16 * Parallel.threads();
        Parallel.run(tasks, i -> {
            float[] x = new float[CHAINS * LANES];
            Arrays.fill(x, 1);
            chains(x, ROUNDS);
        });
        return 2L * tasks * ROUNDS * CHAINS * LANES;
    }

    /** An array to copy from or to, in the current scope. */
    public static Tensor copied() {
        Tensor t = Tensor.empty(Device.CPU, DType.U8, Shape.of(COPIED));
        t.segment().fill((byte) 1);
        return t;
    }

    /** Copies on all threads and returns the number of bytes read and written. */
    public static long copy(Tensor from, Tensor to) {
        Copy.runs(1, COPIED, from.address(), 0, to.address(), 0);
        return 2L * COPIED;
    }

    /** Enough independent chains to hide the latency of a multiply-add, and few enough for the registers of every vector width. */
    private static void chains(float[] x, int rounds) {
        FloatVector a = FloatVector.broadcast(F, 0.999f), b = FloatVector.broadcast(F, 1e-3f);
        FloatVector v0 = FloatVector.fromArray(F, x, 0);
        FloatVector v1 = FloatVector.fromArray(F, x, LANES);
        FloatVector v2 = FloatVector.fromArray(F, x, 2 * LANES);
        FloatVector v3 = FloatVector.fromArray(F, x, 3 * LANES);
        FloatVector v4 = FloatVector.fromArray(F, x, 4 * LANES);
        FloatVector v5 = FloatVector.fromArray(F, x, 5 * LANES);
        FloatVector v6 = FloatVector.fromArray(F, x, 6 * LANES);
        FloatVector v7 = FloatVector.fromArray(F, x, 7 * LANES);
        FloatVector v8 = FloatVector.fromArray(F, x, 8 * LANES);
        FloatVector v9 = FloatVector.fromArray(F, x, 9 * LANES);
        FloatVector va = FloatVector.fromArray(F, x, 10 * LANES);
        FloatVector vb = FloatVector.fromArray(F, x, 11 * LANES);
        for (int i = 0; i < rounds; i++) {
            v0 = a.fma(b, v0); v1 = a.fma(b, v1); v2 = a.fma(b, v2); v3 = a.fma(b, v3); v4 = a.fma(b, v4); v5 = a.fma(b, v5);
            v6 = a.fma(b, v6); v7 = a.fma(b, v7); v8 = a.fma(b, v8); v9 = a.fma(b, v9); va = a.fma(b, va); vb = a.fma(b, vb);
        }
        v0.intoArray(x, 0); v1.intoArray(x, LANES); v2.intoArray(x, 2 * LANES);
        v3.intoArray(x, 3 * LANES); v4.intoArray(x, 4 * LANES); v5.intoArray(x, 5 * LANES);
        v6.intoArray(x, 6 * LANES); v7.intoArray(x, 7 * LANES); v8.intoArray(x, 8 * LANES);
        v9.intoArray(x, 9 * LANES); va.intoArray(x, 10 * LANES); vb.intoArray(x, 11 * LANES);
    }
}
