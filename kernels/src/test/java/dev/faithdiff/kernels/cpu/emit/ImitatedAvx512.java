package dev.faithdiff.kernels.cpu.emit;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.EnumSet;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A processor with AVX-512, AVX512-BF16 and AVX512-VNNI, imitated byte by byte; arrays of the heap are copied to native memory and back. */
public final class ImitatedAvx512 implements Processor {
    private static final Map<Long, ImitatedCode> CODE = new ConcurrentHashMap<>();
    private static final ThreadLocal<ImitatedState> STATE = ThreadLocal.withInitial(ImitatedState::new);

    @Override public Set<CpuFeature> features() {
        return EnumSet.of(CpuFeature.AVX2, CpuFeature.AVX512, CpuFeature.AVX512_BF16, CpuFeature.AVX512_VNNI);
    }

    @Override public MethodHandle handle(FunctionDescriptor types) {
        MethodType type = types.toMethodType().insertParameterTypes(0, MemorySegment.class);
        try {
            return MethodHandles.lookup().findStatic(ImitatedAvx512.class, "run", MethodType.methodType(long.class, Object[].class))
                    .asCollector(Object[].class, type.parameterCount()).asType(type);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Runs code. @param arguments its address, and then its own */
    public static long run(Object[] arguments) {
        MemorySegment code = (MemorySegment) arguments[0];
        ImitatedCode decoded = CODE.computeIfAbsent(code.address(), _ -> new ImitatedCode(code.toArray(ValueLayout.JAVA_BYTE)));
        Map<Object, MemorySegment> copies = new IdentityHashMap<>();
        try (Arena arena = Arena.ofConfined()) {
            long[] numbers = new long[arguments.length - 1];
            for (int i = 0; i < numbers.length; i++) numbers[i] = number(arguments[i + 1], copies, arena);
            long result = STATE.get().run(decoded, numbers);
            copies.forEach((array, copy) -> MemorySegment.ofArray((float[]) array).copyFrom(copy));
            return result;
        }
    }

    private static long number(Object argument, Map<Object, MemorySegment> copies, Arena arena) {
        if (!(argument instanceof MemorySegment m)) return ((Number) argument).longValue();
        if (m.isNative()) return m.address();
        float[] array = (float[]) m.heapBase().orElseThrow();
        MemorySegment copy = copies.computeIfAbsent(array, _ -> arena.allocate(4L * array.length, 4).copyFrom(MemorySegment.ofArray(array)));
        return copy.address() + m.address(); // which counts from the array's first element
    }
}
