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

/**
 * A processor with AVX-512, AVX512-BF16, AVX512-VNNI and AVX-VNNI, imitated byte by byte. Arrays of the heap are copied to native memory, and what
 * code changed in them is copied back: other threads may write elsewhere in the same array.
 */
public final class ImitatedAvx512 implements ImitatedProcessor {
    private static final Map<Long, ImitatedCode> CODE = new ConcurrentHashMap<>();
    private static final ThreadLocal<ImitatedState> STATE = ThreadLocal.withInitial(ImitatedState::new);

    @Override public Set<CpuFeature> features() {
        return EnumSet.of(CpuFeature.AVX2, CpuFeature.AVX512, CpuFeature.AVX512_BF16, CpuFeature.AVX512_VNNI, CpuFeature.AVX_VNNI);
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
        Map<float[], Copy> copies = new IdentityHashMap<>();
        try (Arena arena = Arena.ofConfined()) {
            long[] numbers = new long[arguments.length - 1];
            for (int i = 0; i < numbers.length; i++) numbers[i] = number(arguments[i + 1], copies, arena);
            long result = STATE.get().run(decoded, numbers);
            copies.forEach((array, copy) -> copy.writeChanges(array));
            return result;
        }
    }

    /** Where each instruction of a routine begins, and its end. */
    public static int[] starts(byte[] code) { return new ImitatedCode(code).starts(); }

    /** An array in native memory, and as it was before. */
    private record Copy(MemorySegment memory, float[] before) {
        static Copy of(float[] array, Arena arena) {
            float[] before = array.clone();
            return new Copy(arena.allocate(4L * before.length, 4).copyFrom(MemorySegment.ofArray(before)), before);
        }

        void writeChanges(float[] array) {
            MemorySegment old = MemorySegment.ofArray(before);
            for (int i = 0; i < before.length; i++) {
                int bits = memory.getAtIndex(ValueLayout.JAVA_INT, i);
                if (bits != old.get(ValueLayout.JAVA_INT, 4L * i)) array[i] = Float.intBitsToFloat(bits);
            }
        }
    }

    private static long number(Object argument, Map<float[], Copy> copies, Arena arena) {
        if (!(argument instanceof MemorySegment m)) return ((Number) argument).longValue();
        if (m.isNative()) return m.address();
        Copy copy = copies.computeIfAbsent((float[]) m.heapBase().orElseThrow(), array -> Copy.of(array, arena));
        return copy.memory.address() + m.address(); // which counts from the array's first element
    }
}
