package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Pool;
import dev.faithdiff.tensor.Storage;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Runs our CUDA sources on the host, compiled as C++ in which each CUDA thread of a block is a fiber (emulate.h). It checks geometry, arguments,
 * indexing, synchronization and arithmetic, but not what a GPU computes.
 */
final class EmulatedDevice implements Device, KernelEntry.Target {
    private static final FunctionDescriptor EMULATE = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT,
            ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    private static final long GUARD = 64;

    private final HostCompiler compiler;
    private final Map<String, SymbolLookup> libraries = new ConcurrentHashMap<>();
    private final Map<Long, MemorySegment> memory = new ConcurrentHashMap<>();
    private final ThreadLocal<Launch> launch = ThreadLocal.withInitial(Launch::new);

    EmulatedDevice(HostCompiler compiler) { this.compiler = compiler; }

    @Override public KernelEntry entry(String source, String entry, List<String> defines) {
        SymbolLookup library = library(source, defines);
        MethodHandle emulate = Linker.nativeLinker().downcallHandle(library.find("emulate_" + entry).orElseThrow(), EMULATE);
        return l -> {
            int failure;
            synchronized (library) { // which has one set of fibers
                try {
                    failure = (int) emulate.invokeExact(l.addresses, l.gridX, l.gridY, l.gridZ, l.block, l.shared);
                } catch (Throwable e) {
                    throw new IllegalStateException(e);
                }
            }
            if (failure == 1) throw new IllegalStateException(source + "." + entry + ": threads wait for each other forever");
            if (failure == 2) throw new IllegalStateException(source + "." + entry + " writes past its shared memory");
        };
    }

    /** Several threads may compile the same source; all use the library of the first. */
    private SymbolLookup library(String source, List<String> defines) {
        String key = source + String.join("", defines);
        SymbolLookup known = libraries.get(key);
        if (known != null) return known;
        SymbolLookup library = SymbolLookup.libraryLookup(compiler.compile(source, defines), Arena.global());
        known = libraries.putIfAbsent(key, library);
        return known == null ? library : known;
    }

    @Override public Launch launch() { return launch.get(); }

    @Override public String name() { return "emulated:0"; }

    @Override public String kind() { return "emulated"; }

    /** Between guards of NaN, so that a stray read shows. */
    @Override public Storage allocate(long bytes) {
        MemorySegment m = Arena.ofAuto().allocate(bytes + 2 * GUARD, GUARD).fill((byte) -1);
        memory.put(m.address() + GUARD, m);
        return new Storage(this, m.address() + GUARD, bytes, null);
    }

    @Override public void release(Storage storage) { memory.remove(storage.address()); }

    @Override public void upload(MemorySegment host, Storage to, long offset) {
        MemorySegment.copy(host, 0, memory.get(to.address()), GUARD + offset, host.byteSize());
    }

    @Override public void download(Storage from, long offset, MemorySegment host) {
        MemorySegment.copy(memory.get(from.address()), GUARD + offset, host, 0, host.byteSize());
    }

    @Override public Pool pool() { throw new UnsupportedOperationException(); }
}
