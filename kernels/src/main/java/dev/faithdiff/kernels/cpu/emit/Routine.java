package dev.faithdiff.kernels.cpu.emit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Machine code that Java calls, by the calling convention of Linux and macOS (System V): whole numbers and addresses come in RDI, RSI, RDX, RCX, R8,
 * R9, then from RSP + 8 on, and a whole number is returned in RAX. A routine keeps RBX, RBP and R12 to R15.
 *
 * <p>A call costs some nanoseconds, because the JVM does not notice it: a routine must be short, since meanwhile no garbage is collected.
 */
public final class Routine {
    private static final String LOG = System.getProperty("faithdiff.emit.log");
    private static final boolean PERF_MAP = "on".equals(System.getProperty("faithdiff.emit.perfmap"));

    private Routine() {}

    /**
     * Makes code callable.
     *
     * @param name  for logs and profilers
     * @param types of arguments and result; an address may be that of an array of the Java heap
     * @throws IllegalStateException if the system does not let memory be executed
     */
    public static MethodHandle of(String name, Assembler code, FunctionDescriptor types) {
        byte[] bytes = code.toArray();
        MemorySegment memory = CodeMemory.of(bytes);
        try {
            if (LOG != null) Files.write(Files.createDirectories(Path.of(LOG)).resolve(name + ".bin"), bytes);
            if (PERF_MAP) name(name, memory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Linker.nativeLinker().downcallHandle(memory, types, Linker.Option.critical(true));
    }

    /** Tells Linux' profiler perf the name of code. */
    private static void name(String name, MemorySegment code) throws IOException {
        String line = String.format("%x %x faithdiff.%s%n", code.address(), code.byteSize(), name);
        Path map = Path.of("/tmp/perf-" + ProcessHandle.current().pid() + ".map");
        Files.writeString(map, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
