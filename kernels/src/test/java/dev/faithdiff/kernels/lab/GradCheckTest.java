package dev.faithdiff.kernels.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.CastOp;
import dev.faithdiff.tensor.op.Op;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GradCheckTest {
    private static final long MOST_FLOPS = 60_000;

    static List<Class<? extends Op>> withGradient() { return Ops.all().stream().filter(op -> !Ops.hasNoGradient(op)).toList(); }

    static List<Class<? extends Op>> gradients() { return Ops.all().stream().filter(Ops::hasNoGradient).toList(); }

    @Tag("full")
    @ParameterizedTest
    @MethodSource("withGradient")
    void gradientAgreesWithFiniteDifferences(Class<?> op) {
        List<Case> cases = Cases.parity(op).stream().filter(GradCheckTest::isSmooth).toList();
        assertThat(cases).as("small F32 cases of %s", op).isNotEmpty();
        for (Case c : cases) assertThat(GradCheck.check(c)).as(c.name()).isNull();
    }

    @ParameterizedTest
    @MethodSource("gradients")
    void gradientOfGradientIsRefused(Class<?> op) {
        Case c = Cases.parity(op).getFirst();
        assertThatThrownBy(() -> GradCheck.check(c)).isInstanceOf(OpError.class).hasMessage(c.op().name() + " has no gradient");
    }

    @Test void integersHaveNoGradient() {
        List<Case> cases = Cases.parity(CastOp.class).stream().filter(c -> !c.op().dtype(c.outline()).isFloating()).toList();
        assertThat(cases).isNotEmpty();
        for (Case c : cases) assertThatThrownBy(() -> GradCheck.check(c)).isInstanceOf(OpError.class).hasMessageEndingWith(" has no gradient");
    }

    /** Rounding makes finite differences useless here, so the cast's gradient is computed directly. */
    @Test void gradientOfANarrowingCastHasTheOperandsType() {
        try (Scope _ = Scope.open()) {
            Tensor x = Tensor.of(new float[] {1, 2, 3}, 3);
            Tensor grad = Tensor.full(Device.CPU, DType.BF16, Shape.of(3), 0.5f);
            Tensor dx = new CastOp(DType.BF16).gradient(new Tensor[] {x}, x.to(DType.BF16), grad, new boolean[] {true})[0];
            assertThat(dx.dtype()).isEqualTo(DType.F32);
            assertThat(dx.toFloats()).containsExactly(0.5f, 0.5f, 0.5f);
        }
    }

    /** F32 only, without kinks or saturation near the values, and small enough to be evaluated some hundred times. */
    private static boolean isSmooth(Case c) {
        Tensor[] in = c.outline();
        boolean plain = c.operands().stream().noneMatch(o -> o.values() == Operand.Values.WIDE) && c.op().dtype(in) == DType.F32;
        for (Tensor t : in) plain &= t.dtype() == DType.F32 || t.dtype() == DType.I64 && in.length > 1;
        return plain && c.op().flops(in) <= MOST_FLOPS;
    }
}
