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
import static dev.faithdiff.kernels.cpu.gemm.Panels.ROWS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.emit.Assembler;
import dev.faithdiff.kernels.cpu.emit.Assembler.Condition;
import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Mem;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.Simd;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The micro-kernel as machine code: a tile's sums stay in registers while a loop goes along K. A step takes two vectors of B, and for each row one
 * value of A for all columns.
 *
 * <p>Values of A have 32 bits: a float, or what the instruction that multiplies makes of them.
 */
record EmittedTiles(MethodHandle whole, MethodHandle low, MethodHandle transposed) implements MicroKernel {
    private static final FunctionDescriptor TYPES = FunctionDescriptor.ofVoid(
            ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG); // A, panel, depth, add, to, with offsets
    private static final int LOW = 6, BYTES = 4 * Vec.LANES, UNROLLED = 4;

    /** The instruction that multiplies: sum += a * b. */
    interface Multiply {
        void write(Assembler to, Simd sum, Simd a, Simd b);
    }

    /** Multiplies floats. */
    static EmittedTiles f32() { return of("f32", Assembler::vfmadd231ps); }

    private static EmittedTiles of(String name, Multiply multiply) {
        MethodHandle whole = routine(name, ROWS, false, multiply);
        MethodHandle low = ROWS == LOW ? whole : routine(name, LOW, false, multiply);
        return new EmittedTiles(whole, low, routine(name, ROWS, true, multiply));
    }

    @Override public void tile(int rows, int depth, float[] a, int at, long panel, float[] add, int f, float[] to, int t) {
        run(rows > LOW ? whole : low, depth, a, at, panel, add, f, to, t);
    }

    @Override public void tileTransposed(int depth, float[] a, int at, long panel, float[] add, int f, float[] to, int t) {
        run(transposed, depth, a, at, panel, add, f, to, t);
    }

    private static void run(MethodHandle code, int depth, float[] a, int at, long panel, float[] add, int f, float[] to, int t) {
        try {
            code.invokeExact(MemorySegment.ofArray(a), 4L * at, panel, (long) depth, MemorySegment.ofArray(add), 4L * f, MemorySegment.ofArray(to), 4L * t);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static MethodHandle routine(String name, int rows, boolean transposed, Multiply multiply) {
        Tile tile = new Tile(new Assembler(), rows, transposed, multiply);
        tile.write();
        return Routine.of("tile_" + name + "_" + rows + "x2_" + Vec.bits() + (transposed ? "_transposed" : ""), tile.a, TYPES);
    }

    /** Writes one routine. Registers: A's rows in threes from RDI, R10, R11 and RAX on, RSI bytes apart; B in RDX; steps to go in RCX. */
    private record Tile(Assembler a, int rows, boolean transposed, Multiply multiply) {
        private static final Gpr[] THREES = {RDI, R10, R11, RAX};

        void write() {
            arguments();
            for (int i = 0; i < 2 * rows; i++) a.vmovups(vector(i), Mem.at(R8, i * BYTES));
            loop(UNROLLED);
            loop(1);
            for (int i = 0; i < 2 * rows; i++) a.vmovups(Mem.at(R9, i * BYTES), vector(i));
            a.vzeroupper();
            a.ret();
        }

        private void arguments() {
            a.add(RDI, RSI);
            a.add(R8, R9);
            a.mov(R9, Mem.at(RSP, 8));
            a.mov(RAX, Mem.at(RSP, 16));
            a.add(R9, RAX);
            a.mov(RSI, 4L * STRIDE);
            for (int i = 1; i < threes(); i++) {
                a.lea(THREES[i], Mem.at(THREES[i - 1], RSI, 2, 0));
                a.add(THREES[i], RSI);
            }
        }

        private int threes() { return transposed ? 1 : rows / 3; }

        /** As many rounds of {@code steps} steps as there are left. */
        private void loop(int steps) {
            Assembler.Label end = a.label();
            a.cmp(RCX, steps);
            a.jump(Condition.LESS, end);
            Assembler.Label next = a.here();
            for (int k = 0; k < steps; k++) step(k);
            a.add(RDX, 2 * BYTES * steps);
            for (int i = 0; i < threes(); i++) a.add(THREES[i], steps * (transposed ? 4 * STRIDE : 4));
            a.sub(RCX, steps);
            a.cmp(RCX, steps);
            a.jump(Condition.NOT_LESS, next);
            a.bind(end);
        }

        private void step(int k) {
            Simd left = vector(2 * rows), right = vector(2 * rows + 1), value = vector(2 * rows + 2);
            a.vmovups(left, Mem.at(RDX, 2 * BYTES * k));
            a.vmovups(right, Mem.at(RDX, 2 * BYTES * k + BYTES));
            for (int r = 0; r < rows; r++) {
                a.vbroadcastss(value, value(r, k));
                multiply.write(a, vector(2 * r), value, left);
                multiply.write(a, vector(2 * r + 1), value, right);
            }
        }

        private Mem value(int row, int k) {
            if (transposed) return Mem.at(RDI, 4 * STRIDE * k + 4 * row);
            Gpr base = THREES[row / 3];
            return row % 3 == 0 ? Mem.at(base, 4 * k) : Mem.at(base, RSI, row % 3, 4 * k);
        }

        private static Simd vector(int number) { return Vec.LANES == 16 ? Simd.zmm(number) : Simd.ymm(number); }
    }
}
