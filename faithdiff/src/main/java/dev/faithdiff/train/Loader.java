package dev.faithdiff.train;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongToIntFunction;
import java.util.function.LongUnaryOperator;

/** Prepares the next batches on background threads, and returns them in order. */
final class Loader implements AutoCloseable {
    private static final int AHEAD = 4;

    private final Samples samples;
    private final int batch;
    private final LongUnaryOperator numbers;
    private final LongToIntFunction crop;
    private final ExecutorService threads;
    private final Deque<Future<List<Sample>>> ahead = new ArrayDeque<>();
    private long next, waitNanos;

    /**
     * @param first   how many batches were taken before
     * @param numbers the number of each batch that is taken
     * @param crop    side in pixels of the crops of a batch, by its number
     */
    Loader(Samples samples, int batch, long first, LongUnaryOperator numbers, LongToIntFunction crop) {
        this.samples = samples;
        this.batch = batch;
        this.numbers = numbers;
        this.crop = crop;
        next = first;
        int count = Math.max(1, Runtime.getRuntime().availableProcessors() / 4);
        threads = Executors.newFixedThreadPool(count, Thread.ofPlatform().name("loader-", 0).daemon().factory());
        for (int i = 0; i < AHEAD * count; i++) order();
    }

    private void order() {
        long number = numbers.applyAsLong(next++);
        ahead.add(threads.submit(() -> {
            List<Sample> drawn = new ArrayList<>();
            for (int i = 0; i < batch; i++) drawn.add(samples.draw(number * batch + i, crop.applyAsInt(number)));
            return drawn;
        }));
    }

    /** The next batch's samples. Throws what went wrong with a photo. */
    List<Sample> next() {
        long begin = System.nanoTime();
        try {
            List<Sample> ready = ahead.remove().get();
            order();
            return ready;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted while waiting for photos", e);
        } finally {
            waitNanos += System.nanoTime() - begin;
        }
    }

    /** Time that the caller has waited for batches, in all. */
    long waitNanos() { return waitNanos; }

    @Override public void close() {
        threads.shutdownNow();
        try {
            threads.awaitTermination(1, TimeUnit.MINUTES);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
