package dev.faithdiff.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AffineOp;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.KernelTable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Settings of the engine that hold for one thread's work and not for another's, on the kernels of the CPU. */
class ModesTest {
    private static final int TASKS = 8 * Parallel.threads();

    /** Two threads run the same op at the same time, before, while and after one of them has chosen another kernel. */
    @Test void aChoiceOfOneThreadIsNotTheOthers() throws Exception {
        KernelTable table = KernelTable.STANDARD.with("cpu", AffineOp.class, "reference");
        String usual = VecCode.isHere() ? "AffineEmitted" : "AffineVector";
        CyclicBarrier both = new CyclicBarrier(2);
        FutureTask<List<String>> other = new FutureTask<>(() -> List.of(kernel(both), kernel(both), kernel(both)));
        Thread.ofPlatform().start(other);
        assertThat(List.of(kernel(both), Engine.onKernels(table, () -> kernel(both)), kernel(both))).containsExactly(usual, "reference", usual);
        assertThat(other.get()).containsOnly(usual);
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

    /** Tasks of an observed thread are seen on the pool's threads, too, and another caller's are not. */
    @Test void tasksAreSeenByWhoeverWatchesTheirCaller() throws InterruptedException {
        Set<Thread> threads = ConcurrentHashMap.newKeySet(), others = ConcurrentHashMap.newKeySet();
        List<String> seen = Collections.synchronizedList(new ArrayList<>());
        Thread other = Thread.ofPlatform().start(() -> addInTasks(others));
        Engine.observed((op, in, out, kernel, nanos) -> seen.add(op.name()), () -> addInTasks(threads));
        other.join();
        assertThat(seen).hasSize(TASKS);
        assertThat(threads).hasSize(Parallel.threads());
    }

    private static Void addInTasks(Set<Thread> threads) {
        CountDownLatch all = new CountDownLatch(Parallel.threads());
        Parallel.run(TASKS, i -> {
            if (threads.add(Thread.currentThread())) all.countDown();
            try (Scope _ = Scope.open()) {
                assertThat(all.await(30, TimeUnit.SECONDS)).isTrue();
                Tensor.of(new float[] {1, 2}, 2).mul(2);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        return null;
    }
}
