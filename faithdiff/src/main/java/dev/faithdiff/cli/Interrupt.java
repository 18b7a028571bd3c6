package dev.faithdiff.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** While this is open, Ctrl-C interrupts the thread that opened it. The program ends when the thread has closed this, or after some seconds. */
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
