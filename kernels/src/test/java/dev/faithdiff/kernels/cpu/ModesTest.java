package dev.faithdiff.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AffineOp;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.KernelTable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

/** What the engine does for one thread's work and not for another's, on the kernels of the CPU. */
class ModesTest {
    /** Two threads run the same op at the same time, before, while and after one of them has chosen another kernel. */
    @Test void aChoiceOfOneThreadIsNotTheOthers() throws Exception {
        KernelTable table = KernelTable.STANDARD.with("cpu", AffineOp.class, "reference");
        CyclicBarrier both = new CyclicBarrier(2);
        FutureTask<List<String>> other = new FutureTask<>(() -> List.of(kernel(both), kernel(both), kernel(both)));
        Thread.ofPlatform().start(other);
        assertThat(List.of(kernel(both), Engine.onKernels(table, () -> kernel(both)), kernel(both))).containsExactly("AffineVector", "reference", "AffineVector");
        assertThat(other.get()).containsOnly("AffineVector");
    }

    /** The kernel that an op runs on. */
    private static String kernel(CyclicBarrier both) {
        List<String> seen = new ArrayList<>();
        try (Scope _ = Scope.open()) {
            both.await();
            Engine.observed((op, in, out, kernel, nanos) -> seen.add(kernel), () -> Tensor.of(new float[] {1, 2}, 2).mul(2));
            both.await();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        return String.join(" ", seen);
    }
}
