package dev.faithdiff.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class ParallelTest {
    @Test void runsEveryTaskOnce() {
        for (int tasks : new int[] {0, 1, 2, 3, 1000}) {
            for (int round = 0; round < 200; round++) {
                AtomicIntegerArray runs = new AtomicIntegerArray(tasks);
                Parallel.run(tasks, runs::incrementAndGet);
                for (int i = 0; i < tasks; i++) assertThat(runs.get(i)).isEqualTo(1);
            }
        }
    }

    @Test void nestedCallsRunInline() {
        AtomicInteger wrongThread = new AtomicInteger();
        AtomicInteger runs = new AtomicInteger();
        Parallel.run(8, i -> {
            Thread outer = Thread.currentThread();
            Parallel.run(8, j -> {
                runs.incrementAndGet();
                if (Thread.currentThread() != outer) wrongThread.incrementAndGet();
            });
        });
        assertThat(runs.get()).isEqualTo(64);
        assertThat(wrongThread.get()).isZero();
    }

    @Test void carriesAnExceptionToTheCaller() {
        assertThatThrownBy(() -> Parallel.run(100, i -> { if (i == 57) throw new IllegalStateException("task " + i); }))
                .isInstanceOf(IllegalStateException.class).hasMessage("task 57");
        AtomicInteger after = new AtomicInteger();
        Parallel.run(10, i -> after.incrementAndGet());
        assertThat(after.get()).isEqualTo(10);
    }

    /** Each of them calls from inside its tasks, too. */
    @Test void servesCallersOnSeveralThreads() throws InterruptedException {
        AtomicInteger runs = new AtomicInteger();
        Thread[] callers = new Thread[4];
        for (int i = 0; i < callers.length; i++) {
            (callers[i] = new Thread(() -> {
                for (int n = 0; n < 500; n++) Parallel.run(5, t -> Parallel.run(3, u -> runs.incrementAndGet()));
            })).start();
        }
        for (Thread caller : callers) caller.join();
        assertThat(runs.get()).isEqualTo(4 * 500 * 5 * 3);
    }

    /** While one caller has all threads at work, another one calls: as soon as a thread is free, it helps. */
    @Test void aSecondCallerIsHelped() throws InterruptedException {
        assumeTrue(Parallel.threads() > 1, "there is nobody to help");
        CountDownLatch busy = new CountDownLatch(Parallel.threads()), second = new CountDownLatch(1), both = new CountDownLatch(2);
        Thread caller = Thread.ofPlatform().start(() -> Parallel.run(Parallel.threads(), i -> {
            busy.countDown();
            await(second);
        }));
        assertThat(await(busy)).isTrue();
        AtomicInteger alone = new AtomicInteger();
        Parallel.run(2, i -> {
            second.countDown();
            both.countDown();
            if (!await(both)) alone.incrementAndGet();
        });
        caller.join();
        assertThat(alone.get()).as("tasks that waited in vain for the other one to begin on another thread").isZero();
    }

    private static boolean await(CountDownLatch latch) {
        try {
            return latch.await(30, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** After its work the pool sleeps: over an idle second its threads compute for less than a fiftieth of it, all together. */
    @Tag("full")
    @Test void doesNotWaitBusily() throws InterruptedException {
        AtomicInteger runs = new AtomicInteger();
        for (int i = 0; i < 1000; i++) Parallel.run(8, t -> runs.incrementAndGet());
        Thread.sleep(100);
        long before = workersNanos();
        assertThat(before > 0).isEqualTo(Parallel.threads() > 1);
        Thread.sleep(1000);
        assertThat((workersNanos() - before) / 1e6).as("milliseconds of processor time").isLessThan(20);
    }

    private static long workersNanos() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        return Thread.getAllStackTraces().keySet().stream().filter(t -> t.getName().startsWith("faithdiff-"))
                .mapToLong(t -> threads.getThreadCpuTime(t.threadId())).sum();
    }
}
