package dev.faithdiff.kernels.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.op.BinaryOp;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.LinearOp;
import java.util.List;
import org.junit.jupiter.api.Test;

class BenchTest {
    @Test void timesEveryKernelThatTakesTheCase() {
        Case c = Cases.parity(BinaryOp.class).stream().filter(k -> Bench.takers(k, Device.CPU).size() > 1).findFirst().orElseThrow();
        List<Bench.Time> times = Bench.run(c, Device.CPU, Bench.takers(c, Device.CPU), 1);
        assertThat(times).extracting(Bench.Time::kernel).isEqualTo(Bench.takers(c, Device.CPU).stream().map(Kernel::name).toList());
        assertThat(times).allMatch(t -> t.best() > 0 && t.best() <= t.nanos());
    }

    @Test void casesTakeOtherShapes() {
        Case c = Cases.model(LinearOp.class).getFirst().reshaped(List.of(Shape.of(3, 5), Shape.of(7, 5)));
        assertThat(c.name()).isEqualTo("LinearOp/[3,5][7,5]");
        assertThat(c.flops()).isEqualTo(2 * 3 * 5 * 7);
        assertThat(c.bytes()).isEqualTo(4 * (15 + 35 + 21));
    }
}
