package dev.faithdiff.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;
import java.util.Random;
import java.util.stream.Stream;

/** Compares kernels with their op's reference or with each other, on normal numbers. */
public final class Against {
    private static final Random RANDOM = new Random(7);

    private Against() {}

    public static Tensor normal(double mean, double deviation, int... sizes) { return normal(DType.F32, mean, deviation, sizes); }

    public static Tensor normal(DType dtype, double mean, double deviation, int... sizes) {
        Tensor t = Tensor.empty(Device.CPU, dtype, Shape.of(sizes));
        for (long i = 0; i < t.count(); i++) t.set(i, mean + deviation * RANDOM.nextGaussian());
        return t;
    }

    /** Fails where the kernel differs by more than {@code tolerance} times the largest value of the result, of each of its parts. */
    public static void reference(double tolerance, Kernel<?> kernel, Op op, Tensor... in) {
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

    /** Fails where a kernel differs from a direct one by more than {@code tolerance} times the largest value. */
    public static <O extends Op> void direct(double tolerance, Kernel<O> direct, Kernel<O> kernel, O op, Tensor... in) {
        float[] expected = Engine.run(direct, op, in).toFloats(), actual = Engine.run(kernel, op, in).toFloats();
        double largest = 0, error = 0;
        for (int i = 0; i < expected.length; i++) {
            largest = Math.max(largest, Math.abs(expected[i]));
            error = Math.max(error, Math.abs(actual[i] - expected[i]));
        }
        assertThat(error).as(op + " of the largest value " + largest).isLessThan(tolerance * largest);
    }

    /** Why a kernel refuses operands of these sizes, or null. */
    public static <O extends Op> String refusal(Kernel<O> kernel, O op, DType dtype, int[]... sizes) {
        try (Scope _ = Scope.open()) {
            return kernel.refuses(op, Stream.of(sizes).map(size -> Tensor.empty(Device.CPU, dtype, Shape.of(size))).toArray(Tensor[]::new));
        }
    }

    /** Why a kernel refuses a convolution of a square image with {@code side} rows, input and output channels, and a square kernel; or null. */
    public interface ConvolutionRefusal {
        String of(Conv2dOp op, DType dtype, int side, int in, int out, int kernel);
    }

    /** What all Winograd kernels refuse. @param side an image that they take with 1280 channels; they refuse half of it */
    public static void winogradRefusals(int side, ConvolutionRefusal refusal) {
        Conv2dOp same = new Conv2dOp(1, 1, 1, 1, 1);
        assertThat(refusal.of(same, DType.F32, 64, 320, 320, 3)).isNull();
        assertThat(refusal.of(same, DType.F32, side, 1280, 1280, 3)).isNull();
        assertThat(refusal.of(same, DType.F32, side / 2, 1280, 1280, 3)).contains("too few pixels");
        assertThat(refusal.of(same, DType.F32, 64, 6, 320, 3)).contains("multiples of 16");
        assertThat(refusal.of(same, DType.F32, 64, 320, 6, 3)).contains("multiples of 16");
        assertThat(refusal.of(same, DType.F16, 64, 320, 320, 3)).contains("F32");
        assertThat(refusal.of(same, DType.F32, 64, 32, 32, 1)).contains("3x3");
        assertThat(refusal.of(new Conv2dOp(2, 1, 1, 1, 1), DType.F32, 64, 32, 32, 3)).contains("stride 1");
    }
}
