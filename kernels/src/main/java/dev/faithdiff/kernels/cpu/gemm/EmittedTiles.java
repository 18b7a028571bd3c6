package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.emit.Gpr.R10;
import static dev.faithdiff.kernels.cpu.emit.Gpr.R11;
import static dev.faithdiff.kernels.cpu.emit.Gpr.R12;
import static dev.faithdiff.kernels.cpu.emit.Gpr.R13;
import static dev.faithdiff.kernels.cpu.emit.Gpr.R14;
import static dev.faithdiff.kernels.cpu.emit.Gpr.R15;
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
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.emit.Assembler;
import dev.faithdiff.kernels.cpu.emit.Assembler.Condition;
import dev.faithdiff.kernels.cpu.emit.Assembler.Label;
import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Mem;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.Simd;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The micro-kernel as machine code. A tile's sums stay in registers while a loop goes along K. A step takes two vectors of B, and for each row one
 * value of A for all columns.
 *
 * <p>Values have 32 bits: a float, or as many narrow numbers as the instruction multiplies and adds at once. To be fast, an instance must be
 * reached through static final fields only, so that the compiler knows what it calls.
 */
record EmittedTiles(MethodHandle whole, MethodHandle low) implements MicroKernel {
    private static final FunctionDescriptor TYPES = FunctionDescriptor.ofVoid( // A, panel, depth, add, to, tiles, step, stride; arrays with offsets
            ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final int LOW = 6, BYTES = 4 * Vec.LANES, LINE = 16; // values of A in a line of the cache

    /** The instruction that multiplies: sum += a * b. */
    interface Multiply {
        void write(Assembler to, Simd sum, Simd a, Simd b);
    }

    /** Writes the routines. @param name of the kind of values, for logs and profilers */
    static EmittedTiles of(String name, Multiply multiply) {
        MethodHandle whole = routine(name, ROWS, multiply);
        return new EmittedTiles(whole, ROWS == LOW ? whole : routine(name, LOW, multiply));
    }

    @Override public void tiles(int rows, int depth, float[] a, int at, long panel, float[] add, int f, int step, float[] to, int t) {
        run(rows, depth, MemorySegment.ofArray(a), 4L * at, 4L * STRIDE, panel, add, f, step, to, t);
    }

    @Override public int unpackedRows() { return LOW; }

    @Override public void unpacked(int rows, int depth, long a, long stride, long panel, float[] add, int f, int step, float[] to, int t) {
        run(rows, depth, MemorySegment.NULL, a, stride, panel, add, f, step, to, t);
    }

    private void run(int rows, int depth, MemorySegment a, long at, long stride, long panel, float[] add, int f, int step, float[] to, int t) {
        int tiles = rows / ROWS + (rows % ROWS > LOW ? 1 : 0);
        if (tiles > 0) call(whole, depth, a, at, stride, panel, add, f, to, t, tiles, step);
        int done = tiles * ROWS;
        if (done < rows) call(low, depth, a, at + done * stride, stride, panel, add, f + tiles * step, to, t + done * WIDTH, 1, 0);
    }

    private static void call(MethodHandle code, int depth, MemorySegment a, long at, long stride, long panel, float[] add, int f, float[] to, int t,
            int tiles, int step) {
        try {
            code.invokeExact(a, at, panel, (long) depth, MemorySegment.ofArray(add), 4L * f, MemorySegment.ofArray(to), 4L * t, (long) tiles,
                    4L * step, stride);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static MethodHandle routine(String name, int rows, Multiply multiply) {
        return Routine.handle("tile_" + name + "_" + rows + "x2_" + Vec.bits(), code(rows, multiply), TYPES);
    }

    /** The code of tiles of some rows. */
    static Assembler code(int rows, Multiply multiply) {
        Code code = new Code(new Assembler(), rows, multiply);
        code.write();
        return code.a;
    }

    /**
     * Writes one routine. A's rows are in threes from RDI, R10, R11 and RAX on, RSI bytes apart, those of the next tile, which come into the cache
     * meanwhile, from R12, R13, R14 and R15 on; B is at RDX; RCX counts steps.
     */
    private record Code(Assembler a, int rows, Multiply multiply) {
        private static final Gpr[] THREES = {RDI, R10, R11, RAX}, NEXT = {R12, R13, R14, R15};
        private static final Mem TO = Mem.at(RSP, 8), TO_OFFSET = Mem.at(RSP, 16), TILES = Mem.at(RSP, 24), STEP = Mem.at(RSP, 32),
                STRIDE = Mem.at(RSP, 40);
        private static final int PUSHED = 8 * (NEXT.length + 2); // bytes between the arguments and the top of the stack during tiles

        void write() {
            a.add(RDI, RSI);
            a.add(R8, R9);
            a.mov(R9, TO);
            a.mov(RAX, TO_OFFSET);
            a.add(R9, RAX);
            a.mov(RSI, STRIDE);
            for (Gpr kept : NEXT) a.push(kept);
            a.push(RDX);
            a.push(RCX);
            Label next = a.here();
            tile();
            a.mov(RDX, Mem.at(RSP, 8));
            a.mov(RCX, Mem.at(RSP, 0));
            next(next);
            a.add(RSP, 16);
            for (int i = NEXT.length - 1; i >= 0; i--) a.pop(NEXT[i]);
            a.vzeroupper();
            a.ret();
        }

        private void tile() {
            for (int i = 1; i < rows / 3; i++) third(THREES[i], THREES[i - 1]);
            third(NEXT[0], THREES[rows / 3 - 1]);
            for (int i = 1; i < rows / 3; i++) third(NEXT[i], NEXT[i - 1]);
            a.push(NEXT[0]);
            for (int i = 0; i < 2 * rows; i++) a.vmovups(vector(i), Mem.at(R8, i * BYTES));
            loop(LINE);
            loop(1);
            for (int i = 0; i < 2 * rows; i++) a.vmovups(Mem.at(R9, i * BYTES), vector(i));
            a.pop(RDI);
        }

        /** The address of the third row on. */
        private void third(Gpr to, Gpr from) {
            a.lea(to, Mem.at(from, RSI, 2, 0));
            a.add(to, RSI);
        }

        /** Goes on to the next tile while there is one. */
        private void next(Label next) {
            a.mov(RAX, Mem.at(RSP, STEP.offset() + PUSHED));
            a.add(R8, RAX);
            a.add(R9, 2 * rows * BYTES);
            a.mov(RAX, Mem.at(RSP, TILES.offset() + PUSHED));
            a.sub(RAX, 1);
            a.mov(Mem.at(RSP, TILES.offset() + PUSHED), RAX);
            a.jump(Condition.GREATER, next);
        }

        /** As many rounds of {@code steps} steps as there are left. */
        private void loop(int steps) {
            Label end = a.label();
            a.cmp(RCX, steps);
            a.jump(Condition.LESS, end);
            Label next = a.here();
            for (int k = 0; k < steps; k++) {
                step(k);
                if (steps == LINE && k < rows) a.prefetch(row(NEXT, k, 0));
            }
            a.add(RDX, 2 * BYTES * steps);
            for (int i = 0; i < rows / 3; i++) {
                a.add(THREES[i], 4 * steps);
                a.add(NEXT[i], 4 * steps);
            }
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
                a.vbroadcastss(value, row(THREES, r, k));
                multiply.write(a, vector(2 * r), value, left);
                multiply.write(a, vector(2 * r + 1), value, right);
            }
        }

        private Mem row(Gpr[] threes, int row, int k) {
            Gpr base = threes[row / 3];
            return row % 3 == 0 ? Mem.at(base, 4 * k) : Mem.at(base, RSI, row % 3, 4 * k);
        }

        private static Simd vector(int number) { return Vec.LANES == 16 ? Simd.zmm(number) : Simd.ymm(number); }
    }
}
