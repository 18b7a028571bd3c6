package dev.faithdiff.kernels.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CasesTest {
    @ParameterizedTest
    @MethodSource("dev.faithdiff.kernels.lab.Ops#all")
    void everyOpHasCases(Class<?> op) {
        assertThat(Cases.parity(op)).as("parity cases of %s in Cases", op).isNotEmpty();
    }

    @Test void namesAreUnique() {
        assertThat(Cases.all()).extracting(c -> c.name() + c.model()).doesNotHaveDuplicates();
    }

    @Test void operandsFitTheirOps() {
        for (Case c : Cases.all()) assertThat(c.op().shape(c.outline()).count()).as(c.name()).isPositive();
    }

    /** Large enough to time, small enough for the scalar reference. */
    @Test void modelCasesAreLargeAndParityCasesSmall() {
        for (Case c : Cases.all()) {
            long work = c.op().flops(c.outline()) + c.op().bytes(c.outline());
            if (c.model()) assertThat(work).as(c.name()).isGreaterThan(100_000);
            else assertThat(work).as(c.name()).isLessThan(20_000_000);
        }
    }

    @Test void drawingTwiceGivesTheSameValuesAndNoZeros() {
        Case c = Cases.parity(dev.faithdiff.tensor.op.LinearOp.class).getFirst();
        try (Scope _ = Scope.open()) {
            Tensor[] a = c.draw(Device.CPU), b = c.draw(Device.CPU);
            for (int i = 0; i < a.length; i++) assertThat(a[i].toFloats()).isEqualTo(b[i].toFloats()).doesNotContain(0);
        }
    }
}
