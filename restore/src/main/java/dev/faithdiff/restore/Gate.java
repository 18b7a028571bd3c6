package dev.faithdiff.restore;

import dev.faithdiff.tensor.Device;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * Lets threads work with a restorer until it is closed: side by side on the CPU, one after the other on a {@linkplain Device#exclusive device
 * that does one thing at a time}. Closing waits for the work under way.
 */
public final class Gate {
    private final String owner;
    private final Device device;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock(); // work holds the read lock, closing the write lock
    private boolean closed;

    /** @param owner the restorer's name for messages */
    public Gate(String owner, Device device) {
        this.owner = owner;
        this.device = device;
    }

    /** Does work. @throws IllegalStateException if the restorer is closed */
    public <T> T pass(Supplier<T> work) {
        return device.exclusive(() -> {
            lock.readLock().lock();
            try {
                if (closed) throw new IllegalStateException("this " + owner + " is closed");
                return work.get();
            } finally {
                lock.readLock().unlock();
            }
        });
    }

    /**
     * Frees what the restorer holds and lets no more work in; does nothing the second time.
     *
     * @throws IllegalStateException if called by the work itself, which it would wait for
     */
    public void close(Runnable free) {
        if (lock.getReadHoldCount() > 0) throw new IllegalStateException("this " + owner + " cannot be closed from within its own restoration");
        device.exclusive(() -> {
            lock.writeLock().lock();
            try {
                if (!closed) free.run();
                closed = true;
                return null;
            } finally {
                lock.writeLock().unlock();
            }
        });
    }
}
