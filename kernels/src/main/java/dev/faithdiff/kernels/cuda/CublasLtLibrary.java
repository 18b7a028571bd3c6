package dev.faithdiff.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/**
 * The functions of cuBLASLt that are used, bound here since JCuda has no binding of them. Handles, descriptors and addresses of device memory are
 * passed as numbers; what returns an int returns cuBLAS's status, the others fail unless it is 0.
 */
final class CublasLtLibrary {
    /** Bytes of an algorithm, and of a heuristic's result, which begins with its algorithm. */
    static final int ALGORITHM = 64, RESULT = 96;

    private static final MemorySegment ONE = Arena.global().allocateFrom(JAVA_FLOAT, 1), ZERO = Arena.global().allocateFrom(JAVA_FLOAT, 0);

    /** A call into the library, which returns a status. */
    private interface Call {
        int status() throws Throwable;
    }

    private final String file;
    private final SymbolLookup symbols;
    private final MethodHandle version, create, description, describe, layout, preference, prefer, heuristic, check, multiply;

    /** The library that this process's cuBLAS uses, which is loaded already. */
    CublasLtLibrary() { this("libcublasLt.so." + Cublas.version() / 10000); }

    private CublasLtLibrary(String file) { this(file, lookup(file)); }

    /** Fails, in words, if a function is missing. */
    CublasLtLibrary(String file, SymbolLookup symbols) {
        this.file = file;
        this.symbols = symbols;
        version = Linker.nativeLinker().downcallHandle(find("cublasLtGetVersion"), FunctionDescriptor.of(JAVA_LONG));
        create = bound("cublasLtCreate", ADDRESS);
        description = bound("cublasLtMatmulDescCreate", ADDRESS, JAVA_INT, JAVA_INT);
        describe = bound("cublasLtMatmulDescSetAttribute", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
        layout = bound("cublasLtMatrixLayoutCreate", ADDRESS, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
        preference = bound("cublasLtMatmulPreferenceCreate", ADDRESS);
        prefer = bound("cublasLtMatmulPreferenceSetAttribute", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
        heuristic = bound("cublasLtMatmulAlgoGetHeuristic", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT,
                ADDRESS, ADDRESS);
        check = bound("cublasLtMatmulAlgoCheck", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS);
        multiply = bound("cublasLtMatmul", JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG,
                JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    }

    private static SymbolLookup lookup(String file) {
        try {
            return SymbolLookup.libraryLookup(file, Arena.global());
        } catch (IllegalArgumentException e) {
            throw new CudaError(file + " was not found");
        }
    }

    private MemorySegment find(String name) { return symbols.find(name).orElseThrow(() -> new CudaError(file + " has no function " + name)); }

    private MethodHandle bound(String name, MemoryLayout... arguments) {
        return Linker.nativeLinker().downcallHandle(find(name), FunctionDescriptor.of(JAVA_INT, arguments));
    }

    long version() {
        try {
            return (long) version.invokeExact();
        } catch (Throwable e) {
            throw new CudaError("cublasLtGetVersion cannot be called: " + e.getMessage());
        }
    }

    /** A handle on the current context. */
    long create() { return made("cublasLtCreate", at -> (int) create.invokeExact(at)); }

    /** A product without attributes. */
    long description(int computeType, int scaleType) {
        return made("cublasLtMatmulDescCreate", at -> (int) description.invokeExact(at, computeType, scaleType));
    }

    void describe(long description, int attribute, int value) { set("cublasLtMatmulDescSetAttribute", describe, description, attribute, 4, value); }

    void describe(long description, int attribute, long value) { set("cublasLtMatmulDescSetAttribute", describe, description, attribute, 8, value); }

    /** A dense column-major matrix. */
    long layout(int type, long rows, long columns) {
        return made("cublasLtMatrixLayoutCreate", at -> (int) layout.invokeExact(at, type, rows, columns, rows));
    }

    long preference() { return made("cublasLtMatmulPreferenceCreate", at -> (int) preference.invokeExact(at)); }

    void prefer(long preference, int attribute, int value) { set("cublasLtMatmulPreferenceSetAttribute", prefer, preference, attribute, 4, value); }

    void prefer(long preference, int attribute, long value) { set("cublasLtMatmulPreferenceSetAttribute", prefer, preference, attribute, 8, value); }

    /** Fills {@code results}, best first, and {@code count}. @param layouts those of A, of B, and of both C and D */
    int heuristic(long handle, long how, long[] layouts, long preference, int most, MemorySegment results, MemorySegment count) {
        return status("cublasLtMatmulAlgoGetHeuristic", () -> (int) heuristic.invokeExact(handle, how, layouts[0], layouts[1], layouts[2], layouts[2],
                preference, most, results, count));
    }

    /** Whether an algorithm can compute the product; fills the result but for its algorithm. */
    int check(long handle, long how, long[] layouts, MemorySegment algorithm, MemorySegment result) {
        return status("cublasLtMatmulAlgoCheck", () -> (int) check.invokeExact(handle, how, layouts[0], layouts[1], layouts[2], layouts[2], algorithm,
                result));
    }

    /**
     * Enqueues {@code D = A B}, or {@code D = A B + C} where C lies elsewhere than D.
     *
     * @param at        addresses of A, B, C and D
     * @param workspace address of {@link Cublas#WORKSPACE} bytes
     */
    int multiply(long handle, long how, long[] layouts, long[] at, MemorySegment algorithm, long workspace, long stream) {
        MemorySegment beta = at[2] == at[3] ? ZERO : ONE;
        return status("cublasLtMatmul", () -> (int) multiply.invokeExact(handle, how, ONE, at[0], layouts[0], at[1], layouts[1], beta, at[2],
                layouts[2], at[3], layouts[2], algorithm, workspace, Cublas.WORKSPACE, stream));
    }

    private interface Making {
        int status(MemorySegment at) throws Throwable;
    }

    private static long made(String name, Making call) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment at = arena.allocate(JAVA_LONG);
            require(name, () -> call.status(at));
            return at.get(JAVA_LONG, 0);
        }
    }

    private static void set(String name, MethodHandle function, long object, int attribute, long bytes, long value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment at = arena.allocateFrom(JAVA_LONG, value); // little-endian: its first four bytes are an int's
            require(name, () -> (int) function.invokeExact(object, attribute, at, bytes));
        }
    }

    private static void require(String name, Call call) {
        int status = status(name, call);
        if (status != 0) throw new CudaError(name + " failed with cuBLAS status " + status);
    }

    private static int status(String name, Call call) {
        try {
            return call.status();
        } catch (Throwable e) {
            throw new CudaError(name + " cannot be called: " + e.getMessage());
        }
    }
}
