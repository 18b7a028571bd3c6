package dev.faithdiff.server;

import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/** One thing at a time on the device, in the order in which it was asked for: a restoration, or a measurement of the laboratory. */
public final class DeviceLock {
    private final ReentrantLock lock = new ReentrantLock(true);

    /** Does work as soon as the device is free. An interrupt ends the waiting. */
    public <T> T with(Supplier<T> work) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }
}
