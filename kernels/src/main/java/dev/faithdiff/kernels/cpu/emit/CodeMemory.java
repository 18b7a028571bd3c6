package dev.faithdiff.kernels.cpu.emit;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Memory for machine code, on Linux and macOS: written first, then made executable and read-only. It is never both, and never given back. */
final class CodeMemory {
    private static final int READ = 1, WRITE = 2, EXECUTE = 4;
    private static final int PRIVATE = 2, ANONYMOUS = System.getProperty("os.name").startsWith("Mac") ? 0x1000 : 0x20;

    private static final MethodHandle MAP = function("mmap", ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle PROTECT = function("mprotect", JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);

    private CodeMemory() {}

    /** Code in memory of its own, ready to be called. @throws IllegalStateException if the system gives no memory or does not let it be executed */
    static MemorySegment of(byte[] code) {
        try {
            MemorySegment at = (MemorySegment) MAP.invokeExact(MemorySegment.NULL, (long) code.length, READ | WRITE, PRIVATE | ANONYMOUS, -1, 0L);
            if (at.address() == -1) throw new IllegalStateException("the system gives no memory for code");
            MemorySegment memory = at.reinterpret(code.length);
            MemorySegment.copy(code, 0, memory, JAVA_BYTE, 0, code.length);
            int error = (int) PROTECT.invokeExact(memory, (long) code.length, READ | EXECUTE);
            if (error != 0) throw new IllegalStateException("the system does not let memory be executed");
            return memory;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable t) {
            throw new IllegalStateException(t);
        }
    }

    private static MethodHandle function(String name, MemoryLayout result, MemoryLayout... arguments) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), FunctionDescriptor.of(result, arguments));
    }
}
