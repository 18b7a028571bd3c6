package dev.faithdiff.jmh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.kernels.cpu.Limits;
import dev.faithdiff.kernels.lab.Cases;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AffineOp;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("full")
class BenchmarksTest {
    @Test void aKernelIsTimedOnItsCase() throws Exception {
        KernelBench bench = new KernelBench();
        bench.name = Cases.model(AffineOp.class).getFirst().name();
        bench.kernel = "AffineVector";
        bench.open();
        assertThat(((Tensor) bench.run()).shape()).isEqualTo(Cases.model(AffineOp.class).getFirst().outline()[0].shape());
        bench.close();
    }

    @Test void costIsTheSumOfTheOps() throws Exception {
        try (Workload work = new Workload()) {
            Tensor x = BenchTarget.CPU.input(work, 3, 5);
            assertThat(work.repeat(() -> x.mul(2).add(x)).cost()).isEqualTo(new Workload.Cost(2 * 15 + 15, 4 * 15 * (2 + 3)));
        }
    }

    @Test void aSectionReplacesItsFormerSelf() {
        String file = "# machine\n\n## bench a\n\nold\n\n## bench ab\n\nother\n";
        assertThat(Results.replaced(file, "## bench a\n", "## bench a\n\nnew\n"))
                .isEqualTo("# machine\n\n## bench a\n\nnew\n\n## bench ab\n\nother\n");
        assertThat(Results.replaced(file, "## bench ab\n", "## bench ab\n\nnew\n"))
                .isEqualTo("# machine\n\n## bench a\n\nold\n\n## bench ab\n\nnew\n");
        assertThat(Results.replaced(file, "## bench c\n", "## bench c\n\nnew\n")).isEqualTo(file + "\n## bench c\n\nnew\n");
    }

    @Test void theBestLimitsOnRecordStay() {
        String kept = "1 s each; limits 207 GFLOP/s, 31.6 GB/s.\n\n2 s each; limits 180 GFLOP/s, 29.0 GB/s; best on record 236 GFLOP/s, 30.5 GB/s.\n";
        assertThat(Results.best(kept, new Limits(190, 28))).isEqualTo(new Limits(236, 31.6));
        assertThat(Results.best(kept, new Limits(250, 40))).isEqualTo(new Limits(250, 40));
        assertThat(Results.best("# machine\n", new Limits(1, 2))).isEqualTo(new Limits(1, 2));
    }
}
