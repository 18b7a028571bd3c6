package dev.faithdiff.kernels.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AffineOp;
import dev.faithdiff.tensor.op.Backend;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class ParityTest {
    /** Kernels whose name contains this are tested, and their results printed; all kernels, and only failures, without it. */
    private static final String ONLY = System.getProperty("faithdiff.lab", "");
    private static final long MOST_FLOPS = 100_000; // of a case that is tried in other shapes, too

    /** Every kernel of every backend on the class path, and the composition of every fused op, over every small case of its op. */
    @TestFactory
    Stream<DynamicTest> everyKernelAgreesWithItsReference() {
        return Backend.all().values().stream().flatMap(b -> Op.all().stream().flatMap(op -> Bench.kernels(b, op).stream())
                .filter(k -> k.name().contains(ONLY))
                .map(k -> DynamicTest.dynamicTest(b.kind() + " " + Op.name(k.op()) + " " + k.name(), () -> check(b, k))));
    }

    private static void check(Backend backend, Kernel<?> kernel) {
        Assumptions.assumeTrue(backend.unavailable() == null, () -> backend.kind() + " is not available: " + backend.unavailable());
        Assumptions.assumeTrue(kernel.unavailable() == null, kernel::unavailable);
        List<Parity.Result> results = Cases.parity(kernel.op()).stream().map(c -> Parity.run(kernel, c, backend.open(0))).toList();
        if (!ONLY.isEmpty()) results.forEach(System.out::println);
        assertThat(results).as("a kernel must take some case").anyMatch(Parity.Result::ran);
        assertThat(results).allMatch(r -> r.failure() == null);
    }

    /** Operands of other shapes than the case's: either the op refuses them, or its kernels give what the reference gives. */
    @TestFactory
    Stream<DynamicTest> everyKernelAgreesOnWhateverShapesItsOpAccepts() {
        Backend cpu = Backend.of("cpu");
        return Op.all().stream().flatMap(op -> Bench.kernels(cpu, op).stream())
                .filter(k -> k.name().contains(ONLY) && k.unavailable() == null && k.rounds() == null)
                .map(k -> DynamicTest.dynamicTest(Op.name(k.op()) + " " + k.name(), () -> checkOthers(k)));
    }

    private static void checkOthers(Kernel<?> kernel) {
        for (Case c : Cases.parity(kernel.op())) {
            if (c.types().activation() != DType.F32 || c.types().weight() != DType.F32 || c.flops() > MOST_FLOPS) continue;
            for (int i = 0; i < c.operands().size(); i++) {
                for (Shape other : others(c.operands().get(i).shape())) {
                    List<Shape> shapes = new ArrayList<>(c.operands().stream().map(Operand::shape).toList());
                    shapes.set(i, other);
                    Case changed = c.reshaped(shapes);
                    if (isLegal(changed)) assertThat(Parity.run(kernel, changed, Device.CPU)).matches(r -> r.failure() == null || isRefusal(r));
                }
            }
        }
    }

    /** Whether the op found an index that is no row of a shorter table. */
    private static boolean isRefusal(Parity.Result r) { return r.failure().startsWith("throws " + OpError.class.getName()); }

    private static boolean isLegal(Case c) {
        try {
            c.op().shape(c.outline());
            return true;
        } catch (OpError e) {
            return false;
        }
    }

    /** Shapes with an axis that is longer or shorter by one, with one axis less, and with one more. */
    private static List<Shape> others(Shape s) {
        List<Shape> all = new ArrayList<>(List.of(Shape.of(IntStream.concat(IntStream.of(2), IntStream.of(s.toArray())).toArray())));
        if (s.rank() > 0) all.add(Shape.of(Arrays.copyOfRange(s.toArray(), 1, s.rank())));
        for (int d = 0; d < s.rank(); d++) {
            all.add(s.with(d, s.size(d) + 1));
            if (s.size(d) > 1) all.add(s.with(d, s.size(d) - 1));
        }
        return all;
    }

    private interface Body {
        void run(Tensor[] in, Tensor out);
    }

    private static Parity.Result run(Body body) {
        Case c = Cases.parity(AffineOp.class).getFirst();
        return Parity.run(new Kernel<AffineOp>() {
            @Override public String name() { return "AffineTest"; }

            @Override public Class<AffineOp> op() { return AffineOp.class; }

            @Override public void run(AffineOp op, Tensor[] in, Tensor out) {
                op.reference(in, out);
                body.run(in, out);
            }
        }, c, Device.CPU);
    }

    @Test void findsWrongAndMissingValues() {
        assertThat(run((in, out) -> {}).failure()).isNull();
        assertThat(run((in, out) -> out.set(5, out.get(5) + 1e-3)).failure()).startsWith("element 5 is ");
        assertThat(run((in, out) -> out.set(out.count() - 1, Double.NaN)).failure()).contains(" is NaN, expected ");
    }

    @Test void findsWritesToOperandsAndBeyondTheResult() {
        assertThat(run((in, out) -> in[0].set(0, 1)).failure()).isEqualTo("changes operand 0");
        assertThat(run((in, out) -> out.view(1, out.shape()).set(out.count() - 1, 1)).failure()).isEqualTo("writes outside its result");
    }

    @Test void whatAKernelThrowsIsItsFailure() {
        assertThat(run((in, out) -> { throw new IllegalStateException("no"); }).failure()).isEqualTo("throws java.lang.IllegalStateException: no");
    }

    @Test void toleranceGrowsWithNarrowerTypes() {
        List<Double> allowed = new ArrayList<>();
        for (Case c : Cases.parity(AffineOp.class).subList(0, 3)) {
            allowed.add(Tolerance.of(c.op(), "", c.op().dtype(c.outline())));
        }
        assertThat(allowed).isSorted().doesNotHaveDuplicates();
    }
}
