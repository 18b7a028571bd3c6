package dev.faithdiff.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;
import java.util.Random;

/** A kernel beside the op's own loops, on normal numbers. */
final class Against {
    private static final Random RANDOM = new Random(7);

    private Against() {}

    static Tensor normal(double mean, double deviation, int... sizes) { return normal(DType.F32, mean, deviation, sizes); }

    static Tensor normal(DType dtype, double mean, double deviation, int... sizes) {
        Tensor t = Tensor.empty(Device.CPU, dtype, Shape.of(sizes));
        for (long i = 0; i < t.count(); i++) t.set(i, mean + deviation * RANDOM.nextGaussian());
        return t;
    }

    /** Fails where the kernel differs by more than {@code tolerance} times the largest value of the result, of each of its parts. */
    static void reference(double tolerance, Kernel<?> kernel, Op op, Tensor... in) {
        Tensor expected = Tensor.empty(Device.CPU, op.dtype(in), op.shape(in)), actual = Engine.run(kernel, op, in);
        op.reference(in, expected);
        long first = 0;
        for (long count : op.parts(in)) {
            double largest = 1e-30;
            for (long i = first; i < first + count; i++) largest = Math.max(largest, Math.abs(expected.get(i)));
            for (long i = first; i < first + count; i++) {
                double error = Math.abs(actual.get(i) - expected.get(i)) / largest;
                if (!(error <= tolerance)) assertThat((double) actual.get(i)).as("%s at %d, error %.1e", op, i, error).isEqualTo(expected.get(i));
            }
            first += count;
        }
    }
}
