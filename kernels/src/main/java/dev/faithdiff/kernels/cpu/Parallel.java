package dev.faithdiff.kernels.cpu;

import dev.faithdiff.tensor.op.Engine;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;

/**
 * A fixed pool of daemon threads that share numbered tasks: {@code run(n, body)} calls {@code body} once for each of 0..n-1.
 *
 * <p>The caller works, too, and is counted in {@code faithdiff.threads} (default: the number of processors, or what was tuned). Tasks are taken one
 * by one from a counter. Where sums depend on the tasks, their number should not depend on the number of threads. A call from inside a task runs
 * all of its tasks on the same thread.
 *
 * <p>Several threads may call at once. Each works on its own tasks, and the pool helps with those of the call that came first, then with the
 * next. A caller waits for nothing but its own tasks, so callers cannot block each other.
 */
public final class Parallel {
    private static final int THREADS = Math.max(1, Integer.getInteger("faithdiff.threads", Tuning.THREADS.of(Processor.THREADS)));
    /** Tries to find work before a thread parks: tens of microseconds, as long as waking a thread, and longer than the gap between two kernels. */
    private static final int SPINS = 3000;
    private static final Worker[] WORKERS = new Worker[THREADS - 1];
    /** The jobs that still have tasks to begin, oldest first. */
    private static final List<Job> JOBS = new CopyOnWriteArrayList<>();

    static {
        for (int i = 0; i < WORKERS.length; i++) (WORKERS[i] = new Worker(i + 1)).start();
    }

    private Parallel() {}

    /** The number of threads that can work at once, the caller included. */
    public static int threads() { return THREADS; }

    /** Runs all tasks and returns when the last has ended. If a task throws, tasks not yet begun are skipped and its exception is thrown here. */
    public static void run(int tasks, IntConsumer body) {
        if (tasks <= 1 || WORKERS.length == 0 || isInTask()) {
            for (int i = 0; i < tasks; i++) body.accept(i);
            return;
        }
        Job job = new Job(tasks, body);
        JOBS.add(job);
        wake(tasks - 1);
        job.work();
        JOBS.remove(job);
        job.await();
        job.rethrow();
    }

    private static boolean isInTask() {
        Thread here = Thread.currentThread();
        if (here instanceof Worker) return true;
        for (Job job : JOBS) if (job.caller == here) return true;
        return false;
    }

    /** Wakes up to {@code most} idle workers. Busy ones look for further jobs by themselves. */
    private static void wake(int most) {
        for (int i = 0, free = 0; i < WORKERS.length && free < most; i++) {
            if (WORKERS[i].working) continue;
            WORKERS[i].wake();
            free++;
        }
    }

    private static final class Job {
        private final int tasks;
        private final IntConsumer body;
        private final AtomicInteger next = new AtomicInteger();
        private final AtomicInteger ended = new AtomicInteger();
        private final Thread caller = Thread.currentThread();
        private final Runnable help = Engine.carried(this::work);
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
        private volatile boolean parked, working;

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

        private boolean help() {
            for (Job job : JOBS) {
                if (!job.hasWork()) continue;
                working = true;
                job.help.run();
                working = false;
                return true;
            }
            return false;
        }
    }
}
