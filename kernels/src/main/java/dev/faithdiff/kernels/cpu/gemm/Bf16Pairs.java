package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.emit.Gpr.R10;
import static dev.faithdiff.kernels.cpu.emit.Gpr.R11;
import static dev.faithdiff.kernels.cpu.emit.Gpr.R8;
import static dev.faithdiff.kernels.cpu.emit.Gpr.R9;
import static dev.faithdiff.kernels.cpu.emit.Gpr.RAX;
import static dev.faithdiff.kernels.cpu.emit.Gpr.RCX;
import static dev.faithdiff.kernels.cpu.emit.Gpr.RDI;
import static dev.faithdiff.kernels.cpu.emit.Gpr.RDX;
import static dev.faithdiff.kernels.cpu.emit.Gpr.RSI;
import static dev.faithdiff.kernels.cpu.emit.Gpr.RSP;
import static dev.faithdiff.kernels.cpu.emit.Simd.zmm;
import static dev.faithdiff.kernels.cpu.gemm.Panels.DEPTH;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.faithdiff.kernels.cpu.ToFloat;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.emit.Assembler;
import dev.faithdiff.kernels.cpu.emit.Assembler.Condition;
import dev.faithdiff.kernels.cpu.emit.Assembler.Label;
import dev.faithdiff.kernels.cpu.emit.Mem;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.tensor.DType;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * A matrix as rows of pairs of BF16, each pair in the 32 bits of a float of the packed rows; an odd row ends in a zero. Other types are rounded to
 * nearest, ties to even, and subnormal numbers to zero.
 */
record Bf16Pairs(Matrix m) implements Rows {
    private static final int ROUND = 32; // numbers that the routine converts at a time
    private static final FunctionDescriptor TYPES = FunctionDescriptor.ofVoid( // from, offset, step; rows; to, offset; rounds; masks of the rest
            ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle CODE = Routine.handle("round_to_bf16", code(), TYPES);

    private static final ThreadLocal<float[]> WIDE = ThreadLocal.withInitial(() -> new float[2 * DEPTH]);

    private static int pairs(int numbers) { return (numbers + 1) / 2; }

    @Override public Matrix unpacked() {
        boolean isPaired = m.dtype() == DType.BF16 && m.columns() % 2 == 0 && m.stride() % 2 == 0;
        return isPaired ? new Matrix(m.address(), DType.F32, m.rows(), m.columns() / 2, m.stride() / 2) : null;
    }

    @Override public void pack(int row, int rows, int k, int depth, float[] to) {
        int first = 2 * k, count = Math.min(2 * depth, m.columns() - first);
        MemorySegment pairs = MemorySegment.ofArray(to);
        switch (m.dtype()) {
            case F32 -> round(Vec.MEMORY, m.at(row, first), 4 * m.stride(), rows, count, pairs, 0);
            case BF16 -> {
                for (int r = 0; r < rows; r++) {
                    to[r * STRIDE + depth - 1] = 0;
                    MemorySegment.copy(Vec.MEMORY, m.at(row + r, first), pairs, 4L * r * STRIDE, 2L * count);
                }
            }
            default -> {
                float[] wide = WIDE.get();
                for (int r = 0; r < rows; r++) {
                    ToFloat.row(m.dtype(), m.at(row + r, first), count, wide, 0);
                    round(MemorySegment.ofArray(wide), 0, 0, 1, count, pairs, 4L * r * STRIDE);
                }
            }
        }
    }

    /** Rows of floats in one array, {@link Panels#STRIDE} apart, to pairs in another or in the same place. */
    static void round(float[] from, int at, int rows, int count, float[] to, int t) {
        round(MemorySegment.ofArray(from), 4L * at, 4L * STRIDE, rows, count, MemorySegment.ofArray(to), 4L * t);
    }

    private static void round(MemorySegment from, long offset, long step, int rows, int count, MemorySegment to, long at) {
        int rest = count % ROUND;
        long numbers = (1L << rest) - 1, pairs = (1L << pairs(rest)) - 1;
        try {
            CODE.invokeExact(from, offset, step, (long) rows, to, at, (long) (count / ROUND), numbers, pairs);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static Assembler code() {
        Mem rounds = Mem.at(RSP, 8), numbers = Mem.at(RSP, 16), pairs = Mem.at(RSP, 24);
        Assembler a = new Assembler();
        a.add(RDI, RSI);
        a.add(R8, R9);
        a.mov(R11, rounds);
        a.mov(RAX, pairs);
        a.kmovw(3, RAX);
        a.mov(RAX, numbers);
        a.kmovw(1, RAX);
        a.shr(RAX, 16);
        a.kmovw(2, RAX);
        Label row = a.here(), rest = a.label(), end = a.label();
        a.mov(RSI, RDI);
        a.mov(R9, R8);
        a.mov(R10, R11);
        a.test(R10, R10);
        a.jump(Condition.EQUAL, rest);
        Label round = a.here();
        a.vmovups(zmm(1), Mem.at(RSI, 64));
        a.vcvtne2ps2bf16(zmm(0), zmm(1), Mem.at(RSI, 0));
        a.vmovups(Mem.at(R9, 0), zmm(0));
        a.add(RSI, 4 * ROUND);
        a.add(R9, 2 * ROUND);
        a.sub(R10, 1);
        a.jump(Condition.GREATER, round);
        a.bind(rest);
        a.mov(RAX, numbers);
        a.test(RAX, RAX);
        a.jump(Condition.EQUAL, end);
        a.vmovups(zmm(0).zeroed(1), Mem.at(RSI, 0));
        a.vmovups(zmm(1).zeroed(2), Mem.at(RSI, 64));
        a.vcvtne2ps2bf16(zmm(0), zmm(1), zmm(0));
        a.vmovups(Mem.at(R9, 0), 3, zmm(0));
        a.bind(end);
        a.add(RDI, RDX);
        a.add(R8, 4 * STRIDE);
        a.sub(RCX, 1);
        a.jump(Condition.GREATER, row);
        a.vzeroupper();
        a.ret();
        return a;
    }
}
