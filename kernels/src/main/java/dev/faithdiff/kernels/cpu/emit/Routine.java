package dev.faithdiff.kernels.cpu.emit;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

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
 *
 * @param code its first byte
 */
public record Routine(MemorySegment code) {
    private static final String LOG = System.getProperty("faithdiff.emit.log");
    private static final boolean PERF_MAP = "on".equals(System.getProperty("faithdiff.emit.perfmap"));
    private static final MethodHandle CALL = handle(false, FunctionDescriptor.ofVoid(
            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle CALL_ARRAYS = handle(true, FunctionDescriptor.ofVoid(
            ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));

    /** @throws IllegalStateException if the system does not let memory be executed */
    public static Routine of(String name, Assembler code) { return new Routine(memory(name, code)); }

    /** A handle of code with arguments of any types; an address may be that of an array of the Java heap. */
    public static MethodHandle handle(String name, Assembler code, FunctionDescriptor types) {
        return handle(true, types).bindTo(memory(name, code));
    }

    /** A handle that takes the address of code, too. @param arrays whether an address may be that of an array of the Java heap */
    private static MethodHandle handle(boolean arrays, FunctionDescriptor types) {
        if (ImitatedProcessor.NAMED != null) return ImitatedProcessor.NAMED.handle(types);
        return Linker.nativeLinker().downcallHandle(types, Linker.Option.critical(arrays));
    }

    /** Calls the code with up to eight numbers; it takes those that it knows of. */
    public void call(long a, long b, long c, long d, long e, long f, long g, long h) {
        try {
            CALL.invokeExact(code, a, b, c, d, e, f, g, h);
        } catch (Throwable t) {
            throw new IllegalStateException(t);
        }
    }

    /** The same with five numbers. */
    public void call(long a, long b, long c, long d, long e) { call(a, b, c, d, e, 0, 0, 0); }

    /** Calls the code with the addresses of two arrays and up to six numbers. */
    public void call(float[] x, float[] y, long a, long b, long c, long d, long e, long f) {
        try {
            CALL_ARRAYS.invokeExact(code, MemorySegment.ofArray(x), MemorySegment.ofArray(y), a, b, c, d, e, f);
        } catch (Throwable t) {
            throw new IllegalStateException(t);
        }
    }

    private static MemorySegment memory(String name, Assembler code) {
        byte[] bytes = code.toArray();
        MemorySegment memory = CodeMemory.of(bytes);
        try {
            if (LOG != null) Files.write(Files.createDirectories(Path.of(LOG)).resolve(name + ".bin"), bytes);
            if (PERF_MAP) name(name, memory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return memory;
    }

    /** Tells Linux' profiler perf the name of code. */
    private static void name(String name, MemorySegment code) throws IOException {
        String line = String.format("%x %x faithdiff.%s%n", code.address(), code.byteSize(), name);
        Path map = Path.of("/tmp/perf-" + ProcessHandle.current().pid() + ".map");
        Files.writeString(map, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
