package dev.faithdiff.restore;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Engine;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * Lets threads use a restorer until it is closed. Threads work side by side on the CPU, and one after the other on a
 * {@linkplain Device#exclusive device that does one thing at a time}. Closing waits for work that has begun.
 */
public final class Gate {
    private final String owner;
    private final Device device;
    private final DType rounding;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock(); // work holds the read lock; closing holds the write lock
    private boolean closed;

    /** @param owner name of the restorer, for messages @param rounding what work {@linkplain Engine#rounding rounds} to, or null */
    public Gate(String owner, Device device, DType rounding) {
        this.rounding = rounding;
        this.owner = owner;
        this.device = device;
    }

    /** Does work, if need be after other threads'. @throws IllegalStateException if the restorer is closed */
    public <T> T pass(Supplier<T> work) {
        return device.exclusive(() -> {
            lock.readLock().lock();
            try {
                if (closed) throw new IllegalStateException("this " + owner + " is closed");
                return rounding != null ? Engine.rounding(rounding, work) : work.get();
            } finally {
                lock.readLock().unlock();
            }
        });
    }

    /**
     * Waits for work that has begun, frees what the restorer holds, and refuses further work. Does nothing the second time.
     *
     * @throws IllegalStateException if work that has begun calls this, since it would wait for itself
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
