package dev.faithdiff.kernels.cpu;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;

/**
 * A fixed pool of daemon threads that share numbered tasks: {@code run(n, body)} calls {@code body} once for each of 0..n-1.
 *
 * <p>The caller works too, so {@code faithdiff.threads} (default: the processors) counts it. Tasks are taken one by one from a
 * counter, so their number should not depend on the number of threads where sums do. A call from inside a task, or while another
 * thread is using the pool, runs on its own thread.
 */
public final class Parallel {
    private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();
    private static final int THREADS = Math.max(1, Integer.getInteger("faithdiff.threads", PROCESSORS));
    /** Looks for work before parking: tens of microseconds, what waking a thread costs and more than the gap between kernels. */
    private static final int SPINS = 3000;
    private static final AtomicBoolean BUSY = new AtomicBoolean();
    private static final Worker[] WORKERS = new Worker[THREADS - 1];
    private static volatile Job current;

    static {
        for (int i = 0; i < WORKERS.length; i++) (WORKERS[i] = new Worker(i + 1)).start();
    }

    private Parallel() {}

    /** The number of threads that can work at once, the caller included. */
    public static int threads() { return THREADS; }

    /** Runs all tasks and returns when the last has ended; an exception of a task skips those not begun and is thrown here. */
    public static void run(int tasks, IntConsumer body) {
        if (tasks <= 1 || WORKERS.length == 0 || Thread.currentThread() instanceof Worker || !BUSY.compareAndSet(false, true)) {
            for (int i = 0; i < tasks; i++) body.accept(i);
            return;
        }
        Job job = new Job(tasks, body);
        try {
            current = job;
            for (int i = 0; i < Math.min(WORKERS.length, tasks - 1); i++) WORKERS[i].wake();
            job.work();
            job.await();
        } finally {
            current = null;
            BUSY.set(false);
        }
        job.rethrow();
    }

    private static final class Job {
        private final int tasks;
        private final IntConsumer body;
        private final AtomicInteger next = new AtomicInteger();
        private final AtomicInteger ended = new AtomicInteger();
        private final Thread caller = Thread.currentThread();
        private volatile Throwable failure;

        Job(int tasks, IntConsumer body) {
            this.tasks = tasks;
            this.body = body;
        }

        boolean hasWork() { return next.get() < tasks; }

        void work() {
            for (int i; (i = next.getAndIncrement()) < tasks; ) {
                try {
                    if (failure == null) body.accept(i);
                } catch (Throwable t) {
                    failure = t;
                } finally {
                    if (ended.incrementAndGet() == tasks && Thread.currentThread() != caller) LockSupport.unpark(caller);
                }
            }
        }

        void await() {
            for (int spins = SPINS; ended.get() < tasks; ) {
                if (spins-- > 0) Thread.onSpinWait();
                else LockSupport.park(this);
            }
        }

        void rethrow() {
            switch (failure) {
                case null -> { }
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                case Throwable t -> throw new IllegalStateException(t);
            }
        }
    }

    private static final class Worker extends Thread {
        private volatile boolean parked;

        Worker(int number) {
            super("faithdiff-" + number);
            setDaemon(true);
        }

        void wake() { if (parked) LockSupport.unpark(this); }

        @Override public void run() {
            for (int spins = SPINS; ; ) {
                if (help()) spins = SPINS;
                else if (spins-- > 0) Thread.onSpinWait();
                else {
                    parked = true;
                    if (!help()) LockSupport.park(this); // looked again: a job may have come before the flag was seen
                    parked = false;
                    spins = SPINS;
                }
            }
        }

        private static boolean help() {
            Job job = current;
            if (job == null || !job.hasWork()) return false;
            job.work();
            return true;
        }
    }
}
