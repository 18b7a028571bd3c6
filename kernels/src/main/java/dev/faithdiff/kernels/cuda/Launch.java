package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jcuda.Pointer;

/**
 * A kernel launch: first its geometry, then its arguments in the order of the kernel's parameters, then {@link #run}. A thread reuses one object for
 * each device, so launches allocate nothing.
 */
public final class Launch {
    private static final int MOST_ARGUMENTS = 64;

    private final MemorySegment values = Arena.ofAuto().allocate(MOST_ARGUMENTS * 8L, 64);
    /** The address of each argument, as the driver takes them. */
    final MemorySegment addresses = Arena.ofAuto().allocate(MOST_ARGUMENTS * 8L, 64);
    final Pointer parameters = Address.host(addresses.address());
    int gridX, gridY, gridZ, block, shared;
    private KernelEntry entry;
    private int arguments;

    Launch() {
        for (int i = 0; i < MOST_ARGUMENTS; i++) addresses.setAtIndex(ValueLayout.JAVA_LONG, i, values.address() + i * 8L);
    }

    Launch of(KernelEntry entry) {
        this.entry = entry;
        gridX = 1;
        gridY = 1;
        gridZ = 1;
        block = 256;
        shared = 0;
        arguments = 0;
        return this;
    }

    /** Number of blocks; 1 by default. */
    public Launch grid(long x) { return grid(Math.toIntExact(x), 1, 1); }

    /** Number of blocks on each axis; at most 65535 on y and z. */
    public Launch grid(int x, int y, int z) {
        gridX = x;
        gridY = y;
        gridZ = z;
        return this;
    }

    /** Threads of a block; 256 by default. */
    public Launch block(int x) {
        block = x;
        return this;
    }

    /** Bytes of dynamic shared memory. */
    public Launch shared(int bytes) {
        shared = bytes;
        return this;
    }

    /** The next argument, the address of a tensor's first element. */
    public Launch arg(Tensor t) { return arg(t.address()); }

    /** The next argument, an int. */
    public Launch arg(int v) {
        values.setAtIndex(ValueLayout.JAVA_INT, 2L * next(), v);
        return this;
    }

    /** The next argument, a long or an address. */
    public Launch arg(long v) {
        values.setAtIndex(ValueLayout.JAVA_LONG, next(), v);
        return this;
    }

    /** The next argument, a float. */
    public Launch arg(float v) {
        values.setAtIndex(ValueLayout.JAVA_FLOAT, 2L * next(), v);
        return this;
    }

    /** The next argument, a double. */
    public Launch arg(double v) {
        values.setAtIndex(ValueLayout.JAVA_DOUBLE, next(), v);
        return this;
    }

    /** Enqueues the kernel on the device's stream. */
    public void run() { entry.run(this); }

    private int next() {
        if (arguments == MOST_ARGUMENTS) throw new CudaError("a kernel takes at most " + MOST_ARGUMENTS + " arguments");
        return arguments++;
    }
}
