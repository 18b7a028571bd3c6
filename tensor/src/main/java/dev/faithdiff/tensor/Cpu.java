package dev.faithdiff.tensor;

import com.sun.management.OperatingSystemMXBean;
import dev.faithdiff.tensor.host.ContainerMemory;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The host processor. Its memory is native and never zeroed: malloc behind a pool, since an arena for each tensor costs tens
 * of microseconds and Java arrays end at 2^31 elements.
 */
final class Cpu implements Device {
    private static final long ALIGNMENT = 64;
    private static final long ASK_BEFORE = 64L << 20;
    private static final MethodHandle MALLOC = function("malloc", FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final MethodHandle FREE = function("free", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG));

    private final Pool pool = new Pool("cpu", Cpu::malloc, Cpu::free);

    @Override public String name() { return "cpu"; }

    @Override public String kind() { return "cpu"; }

    @Override public Storage allocate(long bytes) {
        long address = pool.take(bytes);
        return new Storage(this, address, bytes, MemorySegment.ofAddress(address).reinterpret(bytes));
    }

    @Override public void release(Storage storage) { pool.give(storage.address(), storage.bytes()); }

    @Override public void upload(MemorySegment host, Storage to, long offset) {
        MemorySegment.copy(host, 0, to.segment(), offset, host.byteSize());
    }

    @Override public void download(Storage from, long offset, MemorySegment host) {
        MemorySegment.copy(from.segment(), offset, host, 0, host.byteSize());
    }

    @Override public Pool pool() { return pool; }

    /** Bounded by the machine's or the container's memory, which is all that is known where the system does not say what is available. */
    @Override public long freeBytes() {
        long total = ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();
        return Math.min(availableBytes(), total) + pool.idleBytes();
    }

    @Override public String toString() { return name(); }

    /** A 64-byte aligned block; the address malloc gave stands in the eight bytes before it. Zero when there is no memory. */
    private static long malloc(long bytes) {
        if (bytes >= ASK_BEFORE && bytes > availableBytes()) return 0;
        try {
            long raw = (long) MALLOC.invokeExact(bytes + 2 * ALIGNMENT);
            if (raw == 0) return 0;
            long aligned = (raw + 2 * ALIGNMENT - 1) & -ALIGNMENT;
            MemorySegment.ofAddress(aligned - Long.BYTES).reinterpret(Long.BYTES).set(ValueLayout.JAVA_LONG, 0, raw);
            return aligned;
        } catch (Throwable e) {
            throw new IllegalStateException("malloc cannot be called", e);
        }
    }

    private static void free(long aligned) {
        try {
            FREE.invokeExact(MemorySegment.ofAddress(aligned - Long.BYTES).reinterpret(Long.BYTES).get(ValueLayout.JAVA_LONG, 0));
        } catch (Throwable e) {
            throw new IllegalStateException("free cannot be called", e);
        }
    }

    /**
     * Bytes that the system and the container can still give. A larger request fails here with a message, before the system kills the process.
     */
    private static long availableBytes() { return Math.min(machineBytes(), ContainerMemory.now().freeBytes()); }

    private static long machineBytes() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
                if (line.startsWith("MemAvailable:")) return Long.parseLong(line.replaceAll("\\D", "")) << 10;
            }
        } catch (Exception e) {
            // Not Linux: malloc decides.
        }
        return Long.MAX_VALUE;
    }

    private static MethodHandle function(String name, FunctionDescriptor type) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().find(name).orElseThrow(), type);
    }
}
