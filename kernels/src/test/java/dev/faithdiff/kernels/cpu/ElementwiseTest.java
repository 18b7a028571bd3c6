package dev.faithdiff.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.kernels.cpu.elementwise.AffineVector;
import dev.faithdiff.kernels.cpu.elementwise.BinaryStrided;
import dev.faithdiff.kernels.cpu.elementwise.BinaryVector;
import dev.faithdiff.kernels.cpu.elementwise.GegluGradVector;
import dev.faithdiff.kernels.cpu.elementwise.GegluVector;
import dev.faithdiff.kernels.cpu.elementwise.PreluGradVector;
import dev.faithdiff.kernels.cpu.elementwise.PreluVector;
import dev.faithdiff.kernels.cpu.elementwise.UnaryGradVector;
import dev.faithdiff.kernels.cpu.elementwise.UnaryVector;
import dev.faithdiff.kernels.cpu.move.GatherCopy;
import dev.faithdiff.kernels.cpu.move.GatherGradRows;
import dev.faithdiff.kernels.cpu.move.ResizeNearestGrad;
import dev.faithdiff.kernels.cpu.norm.ReduceVector;
import dev.faithdiff.kernels.cpu.norm.SoftmaxGradVector;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AffineOp;
import dev.faithdiff.tensor.op.BinaryOp;
import dev.faithdiff.tensor.op.CastOp;
import dev.faithdiff.tensor.op.ConcatOp;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.GatherOp;
import dev.faithdiff.tensor.op.GegluOp;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;
import dev.faithdiff.tensor.op.PadOp;
import dev.faithdiff.tensor.op.PermuteOp;
import dev.faithdiff.tensor.op.PreluOp;
import dev.faithdiff.tensor.op.ReduceOp;
import dev.faithdiff.tensor.op.ResizeOp;
import dev.faithdiff.tensor.op.SliceOp;
import dev.faithdiff.tensor.op.SoftmaxOp;
import dev.faithdiff.tensor.op.UnaryOp;
import java.util.Arrays;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The elementwise, reducing and moving kernels against their ops' references, at sizes with tails, ones and broadcasts. */
@Tag("full")
class ElementwiseTest {
    private static final int[][] SHAPES = {{1}, {7}, {16}, {31}, {2, 3, 5, 7}, {1, 1, 1, 13}, {3, 1, 129}, {70_001}};

    private final Scope scope = Scope.open();
    private final Random random = new Random(5);

    @AfterEach void close() { scope.close(); }

    @Test void unary() {
        for (int[] shape : SHAPES) {
            for (UnaryOp.Kind kind : UnaryOp.Kind.values()) {
                UnaryOp op = kind == UnaryOp.Kind.CLAMP ? new UnaryOp(kind, -1, 2) : new UnaryOp(kind, 0.2f);
                boolean positive = kind == UnaryOp.Kind.SQRT || kind == UnaryOp.Kind.LOG;
                Tensor x = random(DType.F32, shape);
                same(new UnaryVector(), op, positive ? x.abs() : x);
                same(new UnaryGradVector(), new UnaryOp.Grad(op), positive ? x.abs().affine(1, 0.1f) : x, random(DType.F32, shape));
            }
        }
    }

    @Test void unaryAtTheEdges() {
        Tensor x = Tensor.of(new float[] {0, -0f, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 1e-30f, -1e-40f,
            88, -88, 104, -104, 1e30f}, 12);
        for (UnaryOp.Kind kind : UnaryOp.Kind.values()) {
            Tensor y = Engine.run(new UnaryVector(), new UnaryOp(kind, -1, 2), x);
            Tensor expected = Tensor.empty(Device.CPU, DType.F32, x.shape());
            new UnaryOp(kind, -1, 2).reference(new Tensor[] {x}, expected);
            for (int i = 0; i < 12; i++) {
                if (Float.isInfinite(x.get(i)) && Float.isNaN(expected.get(i))) continue; // -inf * 0
                assertThat(Float.isNaN(y.get(i))).as(kind + " of " + x.get(i)).isEqualTo(Float.isNaN(expected.get(i)));
            }
        }
    }

    @Test void unaryGradientsKeepWhatIsNoNumber() {
        float[] values = new float[2 * Vec.LANES + 1], grads = values.clone();
        Arrays.fill(values, 0.5f);
        Arrays.fill(grads, 2);
        values[1] = values[2 * Vec.LANES] = grads[3] = Float.NaN;
        Tensor x = Tensor.of(values, values.length), g = Tensor.of(grads, grads.length);
        for (UnaryOp.Kind kind : UnaryOp.Kind.values()) {
            UnaryOp.Grad op = new UnaryOp.Grad(new UnaryOp(kind, -1, 2));
            Tensor y = Engine.run(new UnaryGradVector(), op, x, g), expected = Tensor.empty(Device.CPU, DType.F32, x.shape());
            op.reference(new Tensor[] {x, g}, expected);
            for (int i = 0; i < values.length; i++) assertThat(Float.isNaN(y.get(i))).as(kind + " " + i).isEqualTo(Float.isNaN(expected.get(i)));
        }
    }

    @Test void prelu() {
        for (int[] shape : SHAPES) {
            for (DType dtype : new DType[] {DType.F32, DType.F16, DType.BF16, DType.F8_E4M3}) {
                Tensor x = random(DType.F32, shape), slopes = random(dtype, shape[shape.length - 1]);
                same(new PreluVector(), new PreluOp(), x, slopes);
                same(new PreluGradVector(), new PreluOp.Grad(), x, slopes, random(DType.F32, shape));
            }
        }
    }

    /** Each exponent, with numbers near 1, and with mantissas near the square root of 2, where the polynomial changes. */
    @Test void logarithmsAreExactToTheLastDigits() {
        Tensor x = Tensor.empty(Device.CPU, DType.F32, Shape.of(276 * 500));
        for (int i = 0; i < x.count(); i++) x.set(i, Math.scalb(i % 2 == 0 ? 1 + random.nextDouble() : 1.4142135 + i * 1e-8, i / 500 - 149));
        relative(x.log(), x, 3e-7, 1e-7, Math::log);
    }

    @Test void tanhKeepsItsDigitsNearZero() {
        Tensor x = Tensor.empty(Device.CPU, DType.F32, Shape.of(40_000));
        for (int i = 0; i < x.count(); i++) x.set(i, (i % 2 == 0 ? 1 : -1) * Math.pow(10, 2 - i / 1000.0));
        relative(x.tanh(), x, 4e-7, 0, Math::tanh);
    }

    private static void relative(Tensor y, Tensor x, double relative, double absolute, DoubleUnaryOperator exact) {
        for (long i = 0; i < y.count(); i++) {
            double expected = exact.applyAsDouble(x.get(i));
            if (!(Math.abs(y.get(i) - expected) <= relative * Math.abs(expected) + absolute)) {
                throw new AssertionError(x.get(i) + ": " + y.get(i) + ", not " + expected);
            }
        }
    }

    @Test void affine() {
        for (int[] shape : SHAPES) same(new AffineVector(), new AffineOp(1.7f, -0.3f), random(DType.F32, shape));
    }

    @Test void geglu() {
        for (int[] shape : new int[][] {{2}, {3, 14}, {5, 32}, {2, 7, 130}, {90, 2000}, {70_000, 2}}) {
            Tensor x = random(DType.F32, shape);
            same(new GegluVector(), new GegluOp(), x);
            same(new GegluGradVector(), new GegluOp.Grad(), x, random(DType.F32, x.shape().with(-1, x.size(-1) / 2).toArray()));
        }
    }

    @Test void binary() {
        int[][][] pairs = {{{7}, {7}}, {{7}, {1}}, {{1}, {7}}, {{}, {}}, {{5}, {}}, {{2, 300, 20}, {20}}, {{2, 300, 7}, {7}},
                {{2, 300, 7}, {2, 1, 7}}, {{2, 9, 9, 64}, {2, 1, 1, 64}}, {{3, 5, 640}, {640}}, {{4000, 3}, {3}}, {{4000, 3}, {4000, 1}},
                {{2, 100, 33}, {2, 100, 1}}, {{100, 40}, {100, 40}},
                {{3, 1, 5}, {1, 4, 5}}, {{1, 1, 1200}, {3, 4, 1}}, {{2, 1, 3, 1, 5}, {1, 4, 1, 6, 1}}, {{90_001, 3}, {1}}, {{1, 320}, {1, 320}},
                {{70_003}, {70_003}}, {{20, 5000}, {5000}}, {{20, 5003}, {5003}}, {{1, 6}, {1, 1, 6}}, {{6}, {1, 1, 6}}};
        for (int[][] pair : pairs) {
            Tensor a = random(DType.F32, pair[0]), b = random(DType.F32, pair[1]).clamp(0.5f, 3);
            for (BinaryOp.Kind kind : BinaryOp.Kind.values()) binary(new BinaryOp(kind), a, b);
            for (DType narrow : new DType[] {DType.F16, DType.BF16, DType.F8_E4M3}) binary(new BinaryOp(BinaryOp.Kind.ADD), a, b.to(narrow));
        }
    }

    private static void binary(BinaryOp op, Tensor a, Tensor b) {
        if (new BinaryVector().refuses(op, new Tensor[] {a, b}) == null) same(new BinaryVector(), op, a, b);
        same(new BinaryStrided(), op, a, b);
    }

    @Test void binaryVectorTakesWhatModelsNeed() {
        for (int[][] pair : new int[][][] {{{2, 4096, 320}, {320}}, {{1, 64, 64, 320}, {1, 1, 1, 320}}, {{2, 32, 32, 640}, {2, 1, 1, 640}}}) {
            assertThat(new BinaryVector().refuses(new BinaryOp(BinaryOp.Kind.ADD),
                    new Tensor[] {random(DType.F32, pair[0]), random(DType.F32, pair[1])})).isNull();
        }
    }

    @Test void castsAllBitPatterns() {
        for (DType from : new DType[] {DType.F16, DType.BF16, DType.F8_E4M3, DType.F8_E5M2, DType.U8, DType.I8, DType.I16, DType.BOOL}) {
            Tensor x = Tensor.empty(Device.CPU, from, Shape.of(1 << 16));
            for (int i = 0; i < x.bytes(); i++) x.segment().set(DType.BYTE, i, (byte) (from.bytes() == 2 ? i / 2 >> 8 * (i % 2) : i));
            identical(new CastOp(DType.F32), x);
            if (from.isFloating()) identical(new CastOp(from == DType.F16 ? DType.BF16 : DType.F16), x);
        }
    }

    @Test void castsFloats() {
        Tensor bits = Tensor.empty(Device.CPU, DType.F32, Shape.of(300_007));
        for (long i = 0; i < bits.count(); i++) {
            bits.set(i, Float.intBitsToFloat(i < 200_000 ? random.nextInt() : 0x33000000 + (int) i * 8192 + (int) i % 5 - 2));
        }
        for (DType to : new DType[] {DType.F32, DType.F16, DType.BF16, DType.F8_E4M3, DType.I64, DType.I32, DType.U8, DType.F64}) {
            identical(new CastOp(to), bits);
        }
    }

    @Test void reduce() {
        int[][] shapes = {{1}, {17}, {300_000}, {3, 5, 7}, {2, 40, 40, 3}, {1, 50, 60, 32}, {2, 3, 70_001}, {70_001, 3}, {40, 1500}, {3, 1, 4, 1, 5},
                {70, 2, 3000}};
        for (int[] shape : shapes) {
            Tensor x = random(DType.F32, shape);
            for (int mask = 0; mask < 1 << shape.length; mask++) {
                for (ReduceOp.Kind kind : ReduceOp.Kind.values()) same(new ReduceVector(), new ReduceOp(kind, mask), x);
            }
        }
    }

    @Test void moves() {
        for (DType dtype : new DType[] {DType.F32, DType.F16, DType.U8, DType.I64}) {
            Tensor x = random(dtype, 3, 5, 7, 11), wide = random(dtype, 2, 9, 10, 64);
            for (int axis = 0; axis < 4; axis++) {
                identical(new SliceOp(axis, 1, 3), x);
                identical(new SliceOp(axis, 2, wide.size(axis) == 2 ? 2 : 9), wide);
                identical(new ConcatOp(axis), x, x, x.slice(axis, 1, 2));
            }
            identical(new PadOp(1, 2, 3, 0), x);
            identical(new PadOp(0, 0, 0, 1), wide);
            for (int[] size : new int[][] {{10, 14}, {5, 7}, {3, 2}, {13, 23}}) identical(nearest(size[0], size[1]), x);
            identical(new GatherOp(), random(dtype, 50, 13), Tensor.of(new long[] {0, 49, 3, 3, 7, 12}, 2, 3));
        }
        identical(new GatherOp(), random(DType.F8_E4M3, 50, 37), Tensor.of(new long[] {0, 49, 3}, 3).to(DType.I32));
        identical(new ConcatOp(3), random(DType.F32, 2, 40, 41, 64), random(DType.F32, 2, 40, 41, 3));
        Tensor table = random(DType.F32, 5, 4), bad = Tensor.of(new long[] {5}, 1);
        assertThatThrownBy(() -> Engine.run(new GatherCopy(), new GatherOp(), table, bad)).isInstanceOf(OpError.class)
                .hasMessageContaining("index 5");
    }

    @Test void permutes() {
        int[][] orders = {{0, 1, 2, 3}, {0, 3, 1, 2}, {0, 2, 3, 1}, {0, 2, 1, 3}, {3, 2, 1, 0}, {1, 0, 3, 2}, {2, 3, 0, 1}, {1, 2, 3, 0},
                {3, 0, 1, 2}, {2, 0, 3, 1}};
        for (DType dtype : new DType[] {DType.F32, DType.F16, DType.U8, DType.I64}) {
            for (int[] shape : new int[][] {{2, 3, 5, 7}, {1, 33, 70, 3}, {2, 1, 19, 130}, {3, 17, 1, 64}, {1, 1, 1, 1}, {2, 40, 41, 42}}) {
                for (int[] order : orders) identical(new PermuteOp(order), random(dtype, shape));
            }
        }
    }

    @Test void gradientsOfMoves() {
        for (int[] size : new int[][] {{10, 14}, {5, 7}, {3, 2}, {13, 23}}) {
            same(new ResizeNearestGrad(), nearestGrad(5, 7), random(DType.F32, 2, size[0], size[1], 19));
        }
        same(new ResizeNearestGrad(), nearestGrad(16, 16), random(DType.F32, 2, 32, 32, 640));
        same(new GatherGradRows(), new GatherOp.Grad(50), random(DType.F32, 2, 3, 13), Tensor.of(new long[] {0, 49, 3, 3, 7, 3}, 2, 3));
        for (int[] shape : SHAPES) same(new SoftmaxGradVector(), new SoftmaxOp.Grad(), random(DType.F32, shape).sigmoid(), random(DType.F32, shape));
    }

    private static ResizeOp nearest(int height, int width) { return new ResizeOp(ResizeOp.Kind.NEAREST, false, height, width); }

    private static ResizeOp.Grad nearestGrad(int height, int width) { return new ResizeOp.Grad(ResizeOp.Kind.NEAREST, false, height, width, 0); }

    private Tensor random(DType dtype, int... shape) {
        Tensor x = Tensor.empty(Device.CPU, dtype, Shape.of(shape));
        for (long i = 0; i < x.count(); i++) x.set(i, random.nextGaussian() * 3);
        return x;
    }

    /** Runs the op's first kernel, which must not refuse, and compares values exactly. */
    private static void identical(Op op, Tensor... in) {
        Kernel<?> kernel = Engine.kernels("cpu", op.getClass()).getFirst();
        compare(kernel, op, 0, in);
    }

    private static void same(Kernel<?> kernel, Op op, Tensor... in) { compare(kernel, op, 2e-6, in); }

    @SuppressWarnings("unchecked")
    private static <O extends Op> void compare(Kernel<?> kernel, O op, double tolerance, Tensor... in) {
        String what = kernel.name() + " " + op + " " + java.util.Arrays.toString(in);
        assertThat(((Kernel<O>) kernel).refuses(op, in)).as(what).isNull();
        try (Scope _ = Scope.open()) {
            Tensor y = Engine.run(kernel, op, in), expected = Tensor.empty(Device.CPU, y.dtype(), y.shape());
            op.reference(in, expected);
            double largest = 0.1; // for small values GELU has the absolute error of erf
            for (long i = 0; i < y.count(); i++) if (Float.isFinite(expected.get(i))) largest = Math.max(largest, Math.abs(expected.get(i)));
            for (long i = 0; i < y.count(); i++) {
                float a = y.get(i), b = expected.get(i);
                if (Float.compare(a, b) != 0 && !(Math.abs(a - b) <= tolerance * largest)) {
                    throw new AssertionError(what + " element " + i + ": " + a + " instead of " + b + ", largest " + largest);
                }
            }
            for (Kernel<?> k : Engine.kernels("cpu", op.getClass())) {
                if (!k.name().equals(kernel.name().replace("Vector", "Emitted")) || ((Kernel<O>) k).refuses(op, in) != null) continue;
                assertThat(Engine.run(k, op, in).toFloats()).as(k.name() + " " + what).isEqualTo(y.toFloats());
            }
        }
    }
}
