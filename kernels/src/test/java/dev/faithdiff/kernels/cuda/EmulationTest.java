package dev.faithdiff.kernels.cuda;

import static dev.faithdiff.kernels.lab.Operand.Values.WIDE;
import static dev.faithdiff.kernels.lab.Operand.w;
import static dev.faithdiff.kernels.lab.Operand.x;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.faithdiff.kernels.CudaBackend;
import dev.faithdiff.kernels.cuda.op.GroupNormCuda;
import dev.faithdiff.kernels.cuda.op.LayerNormCuda;
import dev.faithdiff.kernels.cuda.op.UnaryCuda;
import dev.faithdiff.kernels.lab.Case;
import dev.faithdiff.kernels.lab.Case.Types;
import dev.faithdiff.kernels.lab.Cases;
import dev.faithdiff.kernels.lab.Operand;
import dev.faithdiff.kernels.lab.Parity;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;
import dev.faithdiff.tensor.op.BinaryOp;
import dev.faithdiff.tensor.op.ConcatOp;
import dev.faithdiff.tensor.op.GegluOp;
import dev.faithdiff.tensor.op.GroupNormOp;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.LayerNormOp;
import dev.faithdiff.tensor.op.Op;
import dev.faithdiff.tensor.op.PadOp;
import dev.faithdiff.tensor.op.PermuteOp;
import dev.faithdiff.tensor.op.PoolOp;
import dev.faithdiff.tensor.op.ReduceOp;
import dev.faithdiff.tensor.op.ResizeOp;
import dev.faithdiff.tensor.op.RmsNormOp;
import dev.faithdiff.tensor.op.RoundRowsOp;
import dev.faithdiff.tensor.op.SliceOp;
import dev.faithdiff.tensor.op.SoftmaxOp;
import dev.faithdiff.tensor.op.UnaryOp;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Indexing, synchronization and arithmetic of our CUDA sources on the host, where g++ is found. Not a GPU's result. */
@Tag("native")
class EmulationTest {
    private static final String ONLY = System.getProperty("faithdiff.lab", "");
    private static final Types F32 = new Types(DType.F32, DType.F32), F16 = new Types(DType.F16, DType.F16), BF16 = new Types(DType.BF16, DType.BF16);

    /** Shapes that reach code which the small cases do not: several tiles, strips and passes, and copies of 16 bytes. */
    private static final List<Case> LARGER = new ArrayList<>();

    static {
        add(F16, new GroupNormOp(32, 1e-5f, true), x(2, 23, 40, 64), w(64), w(64));
        add(F32, new GroupNormOp(32, 1e-5f, false), x(1, 7, 11, 320), w(320), w(320));
        add(F16, new GroupNormOp(32, 1e-5f, true), x(1, 9, 5, 1280), w(1280), w(1280));
        add(F16, new LayerNormOp(1e-5f), x(2, 1280), w(1280), w(1280));
        add(F16, new LayerNormOp(1e-5f), x(7, 640), w(640), w(640));
        add(F16, new LayerNormOp(1e-5f), x(3, 2000), w(2000), w(2000));
        add(BF16, new LayerNormOp(1e-5f), x(5, 1001), w(1001), w(1001));
        add(F32, new LayerNormOp(1e-5f), x(2, 9001), w(9001), w(9001));
        add(F32, new RmsNormOp(1e-5f), x(2, 9001), w(9001));
        add(F16, new RmsNormOp(1e-5f), x(2, 1280), w(1280));
        for (int i = 0; i < 2; i++) {
            GroupNormOp.Grad grad = new GroupNormOp.Grad(new GroupNormOp(32, 1e-5f, i == 1));
            add(F16, grad, x(2, 23, 40, 64), w(64), w(64), x(2, 23, 40, 64));
            add(F32, grad, x(1, 7, 11, 320), w(320), w(320), x(1, 7, 11, 320));
            add(F32, new LayerNormOp.Grad(1e-5f, i), x(201, 70), w(70), x(201, 70));
            add(F16, new LayerNormOp.Grad(1e-5f, i), x(3, 2500), w(2500), x(3, 2500));
            add(F32, new RmsNormOp.Grad(1e-5f, i), x(201, 70), w(70), x(201, 70));
            add(F16, new RmsNormOp.Grad(1e-5f, i), x(3, 2500), w(2500), x(3, 2500));
        }
        add(F16, new SoftmaxOp.Grad(), x(2, 4096), x(2, 4096));
        add(F16, new GegluOp.Grad(), x(3, 640), x(3, 320));
        add(F16, new ResizeOp.Grad(ResizeOp.Kind.NEAREST, false, 5, 6, 0), x(2, 10, 12, 64));
        add(F32, new SoftmaxOp(), x(2, 3001));
        add(F16, new SoftmaxOp(), x(2, 4096));
        add(F32, new ReduceOp(ReduceOp.Kind.MEAN, 0b0110), x(2, 31, 17, 70));
        add(F32, new ReduceOp(ReduceOp.Kind.SUM, 0b1010), x(3, 7, 5, 301));
        add(F16, new ReduceOp(ReduceOp.Kind.MEAN, 0b111), x(3, 57, 401));
        add(F32, new ReduceOp(ReduceOp.Kind.MEAN, 0b11), x(290, 1001));
        add(F32, new ReduceOp(ReduceOp.Kind.SUM, 0b01), x(20000, 40));
        add(F16, new BinaryOp(BinaryOp.Kind.ADD), x(2, 5, 7, 64), x(2, 1, 1, 64));
        add(F16, new BinaryOp(BinaryOp.Kind.ADD), x(700, 1280), w(1280));
        add(F32, new BinaryOp(BinaryOp.Kind.SUB), x(3, 90, 70), w(3, 1, 70));
        add(BF16, new BinaryOp(BinaryOp.Kind.MUL), x(5, 1001), x(5, 1001));
        add(F16, new BinaryOp(BinaryOp.Kind.MUL), x(3, 5, 7, 16), x(3, 5, 7, 1));
        add(F32, new BinaryOp(BinaryOp.Kind.SUB), x(2, 3, 5, 7), x(1, 3, 1, 7));
        add(F16, new PadOp(0, 1, 2, 1), x(2, 3, 5, 64));
        add(F16, new ResizeOp(ResizeOp.Kind.NEAREST, false, 10, 12), x(2, 5, 6, 64));
        add(F16, new ResizeOp(ResizeOp.Kind.BICUBIC, true, 7, 12), x(2, 23, 31, 64));
        add(F16, new PoolOp(PoolOp.Kind.MEAN, 3, 2, 1), x(2, 9, 11, 64));
        add(F16, new SliceOp(2, 8, 56), x(2, 3, 64, 16));
        add(F16, new ConcatOp(3), x(2, 3, 5, 64), x(2, 3, 5, 32));
        add(F16, new PermuteOp(0, 2, 1, 3), x(2, 5, 7, 64));
        add(F32, new PermuteOp(0, 3, 1, 2), x(2, 9, 11, 70));
        add(F16, new PermuteOp(3, 1, 2, 0), x(37, 3, 5, 41));
        add(F32, new PermuteOp(2, 1, 0), x(33, 3, 65));
        for (int d : new int[] {32, 40, 64, 80, 96, 128}) add(F16, new AttentionOp(2, false), x(1, 70, 2 * d), x(1, 131, 2 * d), x(1, 131, 2 * d));
        add(BF16, new AttentionOp(1, false), x(2, 131, 64), x(2, 200, 64), x(2, 200, 64));
        add(F16, new AttentionOp(2, true), x(1, 150, 128), x(1, 150, 128), x(1, 150, 128));
        add(F16, new AttentionOp(1, true), x(1, 150, 64), x(1, 90, 64), x(1, 90, 64));
        add(F16, new AttentionOp(1, true), x(1, 70, 64), x(1, 190, 64), x(1, 190, 64));
        add(F16, new AttentionOp(4, 2, true, 70), x(1, 80, 256), x(1, 150, 128), x(1, 150, 128));
        add(F16, new AttentionOp(2, false), x(2, 70, 128), x(2, 131, 128), x(2, 131, 128), x(1, 2, 70, 131));
        add(F16, new AttentionOp(2, 1, true, 61), x(1, 70, 64), x(1, 131, 32), x(1, 131, 32), x(WIDE, 1, 1, 1, 131));
        add(F16, new AttentionOp(2, false), x(1, 33, 26), x(1, 70, 26), x(1, 70, 102));
        add(F16, new AttentionOp(1, false), x(1, 35, 512), x(1, 40, 512), x(1, 40, 512));
        add(F32, new AttentionOp(3, true), x(1, 35, 300), x(1, 40, 300), x(1, 40, 300));
    }

    private static void add(Types types, Op op, Operand... operands) { LARGER.add(new Case("larger", op, types, false, List.of(operands))); }

    /** All kernels run on all processors at once; each has a test, which waits for its result. */
    @TestFactory Stream<DynamicTest> everySourceAgreesWithItsReference(@TempDir Path folder) throws IOException {
        StandIn.requireCompiler();
        EmulatedDevice device = new EmulatedDevice(new HostCompiler(folder));
        ExecutorService workers = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors(), Thread.ofPlatform().daemon().factory());
        List<DynamicTest> tests = new ArrayList<>();
        for (Kernel<?> k : new CudaBackend().kernels()) {
            if (!(k instanceof CudaKernel) || StandInLibraries.needsLibraries(k) || !k.name().contains(ONLY)) continue;
            Future<?> done = workers.submit(() -> check(k, device));
            tests.add(DynamicTest.dynamicTest(k.name(), () -> await(done)));
        }
        workers.shutdown();
        return tests.stream();
    }

    /** GELU from a polynomial is within 3e-7 of the exact one over all of F32, beside the rounding of results beyond 1; infinities and NaN pass. */
    @Test void geluIsNearTheExactOne(@TempDir Path folder) throws IOException {
        StandIn.requireCompiler();
        EmulatedDevice device = new EmulatedDevice(new HostCompiler(folder));
        float[] x = new float[1 << 20];
        for (int i = 0; i < x.length / 2; i++) x[i] = 32f * i / x.length - 8;                                                  // -8..8
        for (int i = x.length / 2; i < x.length; i++) x[i] = Float.intBitsToFloat((i - x.length / 2) * 8191);                  // every exponent
        for (int i = 1; i < x.length; i++) if (!Float.isFinite(x[i])) x[i] = x[i - 1];
        UnaryOp gelu = new UnaryOp(UnaryOp.Kind.GELU, 0, 0);
        try (Scope _ = Scope.open()) {
            float[] y = gelu(gelu, x, device);
            Tensor exact = Tensor.empty(Device.CPU, DType.F64, Shape.of(x.length));
            gelu.reference(new Tensor[] {Tensor.of(x, x.length)}, exact);
            double worst = 0;
            for (int i = 0; i < x.length; i++) worst = Math.max(worst, Math.abs(y[i] - exact.get(i)) - 0x1p-24 * Math.abs(exact.get(i)));
            assertThat(worst).isLessThan(3e-7);
            assertThat(gelu(gelu, new float[] {Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN}, device))
                    .containsExactly(Float.POSITIVE_INFINITY, 0, Float.NaN);
        }
    }

    /** Norms that write F8 with scales: numbers times scales are the norm, rounded by the rule, but for single values between two numbers of F8. */
    @Test void normsRound(@TempDir Path folder) throws IOException {
        StandIn.requireCompiler();
        EmulatedDevice device = new EmulatedDevice(new HostCompiler(folder));
        try (Scope _ = Scope.open()) {
            for (int n : new int[] {48, 640, 1200}) rounds(device, new LayerNormOp(1e-5f), 9, n);
            for (boolean silu : new boolean[] {true, false}) {
                rounds(device, new GroupNormOp(32, 1e-5f, silu), 2, 23, 40, 64);
                rounds(device, new GroupNormOp(4, 1e-5f, silu), 1, 9, 5, 528);
                rounds(device, new GroupNormOp(4, 1e-5f, silu), 3, 1, 1, 32);
            }
        }
    }

    private static void rounds(EmulatedDevice device, Op norm, int... shape) {
        Operand[] operands = {x(shape), w(shape[shape.length - 1]), w(shape[shape.length - 1])};
        Tensor[] host = new Case("rounds", norm, F16, false, List.of(operands)).draw(Device.CPU), in = new Tensor[3];
        for (int i = 0; i < in.length; i++) in[i] = host[i].to(device);
        Tensor y = Tensor.empty(Device.CPU, DType.F32, Shape.of(shape));
        norm.reference(host, y);
        int rows = norm instanceof LayerNormOp ? Math.toIntExact(y.count() / y.size(-1)) : shape[0], k = Math.toIntExact(y.count() / rows);
        Tensor numbers = Tensor.empty(device, DType.F8_E4M3, Shape.of(rows, k)), scales = Tensor.empty(device, DType.F32, Shape.of(rows));
        if (norm instanceof LayerNormOp layer) new LayerNormCuda().round(layer, in, numbers, scales);
        else new GroupNormCuda().round((GroupNormOp) norm, in, numbers, scales);
        float[] got = numbers.to(Device.CPU).to(DType.F32).toFloats(), scale = scales.toFloats(), exact = y.toFloats();
        float[] expected = RoundRowsOp.rounded(y.reshape(rows, k)).toFloats();
        int others = 0;
        for (int i = 0; i < exact.length; i++) {
            float value = got[i] * scale[i / k];
            assertThat(value).as(norm + " " + i).isCloseTo(exact[i], within(Math.max(Math.abs(exact[i]) / 15, scale[i / k] / 256)));
            if (Math.abs(value - expected[i]) > 1e-5f * Math.abs(expected[i]) + 1e-7f) others++;
        }
        assertThat(others).as(norm + " " + Shape.of(shape)).isLessThanOrEqualTo(exact.length / 1000 + 1);
    }

    private static float[] gelu(UnaryOp gelu, float[] x, Device device) {
        Tensor in = Tensor.of(x, x.length).to(device), out = Tensor.empty(device, DType.F32, in.shape());
        new UnaryCuda().run(gelu, new Tensor[] {in}, out);
        return out.toFloats();
    }

    private static void await(Future<?> done) throws Throwable {
        try {
            done.get();
        } catch (ExecutionException e) {
            throw e.getCause();
        }
    }

    private static void check(Kernel<?> kernel, EmulatedDevice device) {
        List<Parity.Result> results = Stream.concat(Cases.parity(kernel.op()).stream(), LARGER.stream().filter(c -> c.op().getClass() == kernel.op()))
                .map(c -> Parity.run(kernel, c, device)).toList();
        if (!ONLY.isEmpty()) results.forEach(System.out::println);
        assertThat(results).as("a kernel must take some case").anyMatch(Parity.Result::ran);
        assertThat(results).allMatch(r -> r.failure() == null);
    }
}
