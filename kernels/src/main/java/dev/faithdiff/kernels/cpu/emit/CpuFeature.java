package dev.faithdiff.kernels.cpu.emit;

import static dev.faithdiff.kernels.cpu.emit.Gpr.RAX;
import static dev.faithdiff.kernels.cpu.emit.Gpr.RBX;
import static dev.faithdiff.kernels.cpu.emit.Gpr.RCX;
import static dev.faithdiff.kernels.cpu.emit.Gpr.RDI;
import static dev.faithdiff.kernels.cpu.emit.Gpr.RDX;
import static dev.faithdiff.kernels.cpu.emit.Gpr.RSI;
import static dev.faithdiff.kernels.cpu.emit.Gpr.R8;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** Instructions that not every x86-64 processor has, where the system saves their registers, too. */
public enum CpuFeature {
    /** Vectors of 256 bits with fused multiply-add. */
    AVX2,
    /** Vectors of 512 bits (the parts F, BW, DQ and VL). */
    AVX512,
    /** Dot products of BF16 in vectors of 512 bits. */
    AVX512_BF16,
    /** Dot products of bytes in vectors of 512 bits. */
    AVX512_VNNI,
    /** Dot products of bytes in vectors of 256 bits, on processors without AVX-512. */
    AVX_VNNI,
    /** Tiles of BF16. */
    AMX_BF16,
    /** Tiles of bytes. */
    AMX_INT8;

    /** What this process may use; no feature and a reason if it may run no code of its own. */
    private record Found(Set<CpuFeature> features, String refusal) {}

    private static final class Holder {
        private static final Found FOUND = find();
    }

    /** True if this process can run code of these instructions. */
    public boolean isHere() { return Holder.FOUND.features.contains(this); }

    /** One line for people: what emitted code may use, or why there is none. */
    public static String line() {
        Found f = Holder.FOUND;
        if (f.refusal != null) return "no emitted code: " + f.refusal;
        return "emitted code: " + f.features.stream().map(x -> x.name().toLowerCase(Locale.ROOT)).collect(Collectors.joining(", "));
    }

    private static Found find() {
        String os = System.getProperty("os.name"), arch = System.getProperty("os.arch");
        if ("off".equals(System.getProperty("faithdiff.emit"))) return new Found(Set.of(), "switched off by faithdiff.emit=off");
        if (!arch.equals("amd64") && !arch.equals("x86_64")) return new Found(Set.of(), "the processor is " + arch + ", not x86-64");
        if (!os.startsWith("Linux") && !os.startsWith("Mac")) return new Found(Set.of(), "the system is " + os + ", neither Linux nor macOS");
        if (ImitatedProcessor.NAMED != null) return new Found(ImitatedProcessor.NAMED.features(), null);
        try {
            Set<CpuFeature> features = new Identity().features();
            return new Found(features, features.contains(AVX2) ? null : "the processor has no AVX2");
        } catch (IllegalStateException | IllegalCallerException e) { // the latter: no native access
            return new Found(Set.of(), e.getMessage());
        }
    }

    /** Answers of the instructions CPUID and XGETBV. */
    private static final class Identity {
        private static final int OSXSAVE = 27, SSE_AVX = 0x6, AVX512_STATE = 0xe6, TILE_STATE = 0x60000;

        private final MethodHandle cpuid = Routine.handle("cpuid", cpuid(), FunctionDescriptor.ofVoid(JAVA_INT, JAVA_INT, ADDRESS));
        private final MethodHandle xgetbv = Routine.handle("xgetbv", xgetbv(), FunctionDescriptor.of(JAVA_LONG));

        Set<CpuFeature> features() {
            Set<CpuFeature> found = EnumSet.noneOf(CpuFeature.class);
            int most = ask(0, 0)[0];
            int[] first = ask(1, 0), seven = most < 7 ? new int[4] : ask(7, 0), more = seven[0] < 1 ? new int[4] : ask(7, 1);
            long saved = bit(first[2], OSXSAVE) ? saved() : 0;
            if ((saved & SSE_AVX) != SSE_AVX) return found;
            if (bit(first[2], 12) && bit(first[2], 29) && bit(seven[1], 5)) found.add(AVX2); // with FMA and F16C
            if (bit(more[0], 4)) found.add(AVX_VNNI);
            boolean wide = (saved & AVX512_STATE) == AVX512_STATE && bit(seven[1], 16) && bit(seven[1], 17) && bit(seven[1], 30) && bit(seven[1], 31);
            if (wide) found.add(AVX512);
            if (wide && bit(more[0], 5)) found.add(AVX512_BF16);
            if (wide && bit(seven[2], 11)) found.add(AVX512_VNNI);
            if ((saved & TILE_STATE) != TILE_STATE || !bit(seven[3], 24) || !tilesAreGranted()) return found;
            if (bit(seven[3], 22)) found.add(AMX_BF16);
            if (bit(seven[3], 25)) found.add(AMX_INT8);
            return found;
        }

        private static boolean bit(int word, int number) { return (word >> number & 1) != 0; }

        private int[] ask(int leaf, int part) {
            int[] answer = new int[4];
            try {
                cpuid.invokeExact(leaf, part, MemorySegment.ofArray(answer));
            } catch (Throwable t) {
                throw new IllegalStateException(t);
            }
            return answer;
        }

        private long saved() {
            try {
                return (long) xgetbv.invokeExact();
            } catch (Throwable t) {
                throw new IllegalStateException(t);
            }
        }

        private static Assembler cpuid() {
            Assembler a = new Assembler();
            a.push(RBX);
            a.mov(R8, RDX);
            a.mov(RAX, RDI);
            a.mov(RCX, RSI);
            a.cpuid();
            Gpr[] answers = {RAX, RBX, RCX, RDX};
            for (int i = 0; i < 4; i++) a.movInt(Mem.at(R8, 4 * i), answers[i]);
            a.pop(RBX);
            a.ret();
            return a;
        }

        private static Assembler xgetbv() {
            Assembler a = new Assembler();
            a.mov(RCX, 0);
            a.xgetbv();
            a.ret();
            return a;
        }

        /** Linux gives a process tiles when it asks (arch_prctl, ARCH_REQ_XCOMP_PERM, the state of tile data); other systems are not asked. */
        private static boolean tilesAreGranted() {
            Linker linker = Linker.nativeLinker();
            if (!System.getProperty("os.name").equals("Linux")) return false;
            FunctionDescriptor types = FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
            try {
                long answer = (long) linker.downcallHandle(linker.defaultLookup().findOrThrow("syscall"), types, Linker.Option.firstVariadicArg(1))
                        .invokeExact(158L, 0x1023L, 18L);
                return answer == 0;
            } catch (Throwable t) {
                throw new IllegalStateException(t);
            }
        }
    }
}
