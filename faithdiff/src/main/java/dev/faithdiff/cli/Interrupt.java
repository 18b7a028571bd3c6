package dev.faithdiff.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * While this is open, Ctrl-C interrupts the thread that opened it. The program ends as soon as the thread has closed this, or after some seconds,
 * so what the thread has to say of it must be said before: not in a catch clause of the try that opened this, which runs after the closing.
 */
final class Interrupt implements AutoCloseable {
    private static final int SECONDS = 30;

    private final CountDownLatch tidied = new CountDownLatch(1);
    private final Thread hook;

    Interrupt() {
        Thread worker = Thread.currentThread();
        hook = new Thread(() -> {
            worker.interrupt();
            try {
                tidied.await(SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        Runtime.getRuntime().addShutdownHook(hook);
    }

    @Override public void close() {
        tidied.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            return; // the program is ending, because of Ctrl-C
        }
    }
}
