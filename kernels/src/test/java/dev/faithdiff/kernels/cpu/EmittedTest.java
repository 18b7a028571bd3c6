package dev.faithdiff.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.faithdiff.kernels.CpuBackend;
import dev.faithdiff.kernels.cpu.elementwise.UnaryEmitted;
import dev.faithdiff.kernels.cpu.elementwise.UnaryVector;
import dev.faithdiff.kernels.cpu.emit.CpuFeature;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.kernels.lab.Case;
import dev.faithdiff.kernels.lab.Cases;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;
import dev.faithdiff.tensor.op.UnaryOp;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Machine code against the Vector API: each kernel has a twin, which gives the same bits. */
class EmittedTest {
    private static final List<Kernel<?>> ALL = new CpuBackend().kernels();

    static List<Kernel<?>> emitted() { return ALL.stream().filter(k -> k.name().endsWith("Emitted")).toList(); }

    @ParameterizedTest @MethodSource("emitted") <O extends Op> void givesTheBitsOfItsTwin(Kernel<O> kernel) {
        assumeTrue(VecCode.isHere(), CpuFeature.line());
        int cases = 0;
        for (Case c : Cases.parity(kernel.op())) {
            @SuppressWarnings("unchecked") O op = (O) c.op();
            Tensor[] outline = c.outline();
            if (kernel.refuses(op, outline) != null) continue;
            try (Scope _ = Scope.open()) {
                Tensor[] in = c.draw(Device.CPU);
                assertThat(bits(run(kernel, op, in))).as(c.name()).isEqualTo(bits(run(twin(kernel), op, in)));
            }
            cases++;
        }
        assertThat(cases).as("cases that it takes").isPositive();
    }

    @ParameterizedTest @EnumSource void functionsAreTheSameForAllKindsOfNumbers(UnaryOp.Kind kind) {
        assumeTrue(VecCode.isHere(), CpuFeature.line());
        float[] edges = {0, -0f, 1, -1, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.MIN_VALUE, -Float.MIN_VALUE,
                Float.MIN_NORMAL,
            0x1p-127f, Float.MAX_VALUE, -Float.MAX_VALUE, 87, -87, 88.8f, -103.9f, 104, -104, 0.625f, -0.625f, 4, -4, 1e-20f};
        Random random = new Random(5);
        UnaryOp op = new UnaryOp(kind, -0.3f, 0.7f);
        try (Scope _ = Scope.open()) {
            Tensor x = Tensor.empty(Device.CPU, DType.F32, Shape.of(40_003));
            for (int i = 0; i < x.count(); i++) {
                float some = i % 2 == 0 ? Float.intBitsToFloat(random.nextInt()) : 10 * (float) random.nextGaussian();
                Vec.set(x.address() + 4L * i, i < edges.length ? edges[i] : some);
            }
            assertThat(bits(run(new UnaryEmitted(), op, x)))
                    .isEqualTo(bits(run(new UnaryVector(), op, x)));
        }
    }

    @Test void sumsAreTheSame() {
        assumeTrue(VecCode.isHere(), CpuFeature.line());
        Random random = new Random(7);
        Sums vectors = new SumsVector(), emitted = new SumsEmitted();
        try (Scope _ = Scope.open()) {
            Tensor x = Tensor.empty(Device.CPU, DType.F32, Shape.of(9 * 200));
            for (int i = 0; i < x.count(); i++) Vec.set(x.address() + 4L * i, (float) random.nextGaussian());
            for (int n = 1; n < 150; n++) {
                assertThat(emitted.of(x.address(), n)).isEqualTo(vectors.of(x.address(), n));
                for (int rows = 0; rows < 10; rows++) assertThat(rows(emitted, x, rows, n)).isEqualTo(rows(vectors, x, rows, n));
            }
        }
    }

    private static int[] rows(Sums sums, Tensor x, int rows, int n) {
        Tensor doubles = Tensor.empty(Device.CPU, DType.F64, Shape.of(n)), to = Tensor.empty(Device.CPU, DType.F32, Shape.of(n));
        Copy.zero(doubles.address(), 8L * n);
        sums.rows(x.address(), 4 * 200, rows, doubles.address(), n);
        for (int m = 1; m <= n / 3; m += 3) sums.fold(doubles.address(), n / m - 1, m);
        sums.store(doubles.address(), 1 / 3.0, to.address(), n);
        return bits(to);
    }

    @Test void sumsCanBeWrittenFor512Bits() {
        assumeTrue(VecCode.isHere(), CpuFeature.line());
        assertThat(SumsEmitted.sum(new VectorCode(512))).isNotNull();
        assertThat(SumsEmitted.rows(new VectorCode(512))).isNotNull();
        assertThat(SumsEmitted.fold(new VectorCode(512))).isNotNull();
        assertThat(SumsEmitted.store(new VectorCode(512))).isNotNull();
    }

    @SuppressWarnings("unchecked") private static <O extends Op> Kernel<O> twin(Kernel<O> kernel) {
        String name = kernel.name().replace("Emitted", "Vector");
        return (Kernel<O>) ALL.stream().filter(k -> k.name().equals(name)).findFirst().orElseThrow();
    }

    private static <O extends Op> Tensor run(Kernel<O> kernel, O op, Tensor... in) {
        Tensor out = Tensor.empty(Device.CPU, op.dtype(in), op.shape(in));
        kernel.run(op, in, out);
        return out;
    }

    /** The numbers' bits; all that are no numbers count as one. */
    private static int[] bits(Tensor t) {
        return IntStream.range(0, Math.toIntExact(t.count())).map(i -> Float.floatToIntBits(Vec.get(t.address() + 4L * i))).toArray();
    }
}
