package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.tensor.op.GroupedLinearOp.GROUP;

import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.CpuFeature;
import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * {@link GroupedInt8} as machine code, to the bits of {@link GroupedLinearInt8Vector}: always with vectors of 256 bits, since memory limits it. The
 * instructions take unsigned bytes with signed ones. Numbers of 4 bits are raised by 8, and 8 times the sum of the numbers of x that they meet is
 * taken off; of numbers of 8 bits the magnitudes are taken, and their signs go to x.
 */
public final class GroupedLinearInt8Emitted implements GroupedInt8 {
    private static final int VECTOR = 32, LINE = 64;
    /** In a block of x behind its bytes: what is added to sums with numbers of 4 bits, then scales; and bytes to the next block. */
    private static final int RAISED = BLOCK * GROUP, SCALES = RAISED + BLOCK / 2 * VECTOR, SIZE = 7 * LINE;
    private static final int EIGHTS = 0x08080808, LOW = 0x0f0f0f0f, ONES = 0x00010001;

    /** Written when first called. */
    private static final class Code {
        private static final VectorCode FIRST = start();
        private static final long BYTES = FIRST.ints.byteOrder().address(), EVEN_FIRST = evenFirst().address();
        private static final Routine PREPARE_HALVES = prepare(FIRST, true), PREPARE_BYTES = prepare(start(), false);
        private static final Routine HALVES = four(start(), true, dots()), WHOLE = four(start(), false, dots());
    }

    static VectorCode start() { return new VectorCode(8 * VECTOR); }

    /** Whether one instruction adds up four products. */
    private static boolean dots() { return CpuFeature.AVX_VNNI.isHere() || CpuFeature.AVX512_VNNI.isHere(); }

    @Override public String unavailable() { return VecCode.unavailable(); }

    @Override public int room(GroupedRows weight) { return GroupedInt8.blocks(weight) * SIZE / 4; }

    /** They stay as they are until they are used. */
    @Override public void scales(GroupedRows weight, int row, long to) {}

    @Override public void prepareBlocks(long x, int blocks, boolean halves, long to) {
        (halves ? Code.PREPARE_HALVES : Code.PREPARE_BYTES).call(x, to, blocks, Code.BYTES, 0);
    }

    @Override public void blocks(GroupedRows weight, long x, int row, long scales, long to) {
        int groups = weight.groups();
        (weight.halves() ? Code.HALVES : Code.WHOLE).call(x, weight.row(row), weight.rowScales(row), (long) groups * weight.groupBytes(),
                groups / BLOCK, to, Code.EVEN_FIRST, 2L * groups);
    }

    /** The groups of a block in the order of their scales with 4 bits: those of lower halves, then those of upper ones. */
    private static MemorySegment evenFirst() {
        MemorySegment order = Arena.global().allocate(VECTOR, LINE);
        for (int i = 0; i < BLOCK; i++) order.setAtIndex(ValueLayout.JAVA_INT, i, 2 * i % BLOCK + 2 * i / BLOCK);
        return order;
    }

    /** Arguments: a row of x, where to, its blocks, and the order of bytes. */
    static Routine prepare(VectorCode c, boolean halves) {
        Gpr x = c.argument(0), to = c.argument(1);
        Value order = c.load(c.argument(3), 0);
        c.useUp(c.argument(2), () -> {
            for (int g = 0; g < BLOCK; g += 2) {
                Value first = group(c, x, g, to, halves ? g / 2 : g, order), second = group(c, x, g + 1, to, halves ? (BLOCK + g) / 2 : g + 1, order);
                Value low = halves ? c.shuffles.joined(first, second, false) : first, high = halves ? c.shuffles.joined(first, second, true) : second;
                if (halves) {
                    Value eights = c.register(c.bits(EIGHTS)), sum = c.ints.addShorts(c.ints.mulBytes(eights, low), c.ints.mulBytes(eights, high));
                    c.store(c.ints.sub(c.register(c.bits(0)), c.ints.mulShorts(sum, c.bits(ONES))), to, RAISED + g / 2 * VECTOR);
                }
                c.store(low, to, VECTOR * g);
                c.store(high, to, VECTOR * (g + 1));
            }
            c.advance(x, 4 * BLOCK * GROUP);
            c.advance(to, SIZE);
        });
        return c.routine(halves ? "grouped_int8_prepare_halves" : "grouped_int8_prepare_bytes");
    }

    /** The bytes of a group; its scale is stored. Where it has a number that is none, or an infinity, the scale is no number. */
    private static Value group(VectorCode c, Gpr x, int g, Gpr to, int scale, Value order) {
        Value[] v = new Value[4];
        Value greatest = null;
        for (int i = 0; i < 4; i++) {
            v[i] = c.load(x, 4 * GROUP * g + i * VECTOR);
            Value magnitude = c.and(v[i], c.bits(0x7fffffff));
            greatest = greatest == null ? magnitude : c.ints.max(greatest, magnitude); // as whole numbers, so that what is no number is the greatest
        }
        Value most = c.ints.greatest(greatest);
        Value factor = c.less(most, c.constant(LEAST), c.bits(0), c.div(c.constant(127), most));
        Value step = c.fma(most, c.constant(0), c.div(most, c.constant(127)));
        c.storeFirst(c.less(most, c.constant(LEAST), c.bits(0), step), to, SCALES + 4 * scale);
        for (int i = 0; i < 4; i++) v[i] = c.ints.sub(c.fma(v[i], factor, c.constant(ROUND)), c.constant(ROUND));
        return c.ints.toBytes(v, order);
    }

    /**
     * Arguments: blocks of x, the first row's bytes and its scales, bytes from row to row, blocks, where to, the order of scales, and their bytes
     * from row to row.
     */
    static Routine four(VectorCode c, boolean halves, boolean dots) {
        Gpr x = c.argument(0), ahead = c.copy(c.argument(3));
        c.multiply(ahead, FOUR);
        Gpr[] rows = rows(c, c.argument(1), c.argument(3)), scales = rows(c, c.argument(2), c.argument(7));
        Value[] sums = new Value[FOUR];
        for (int r = 0; r < FOUR; r++) sums[r] = c.variable(c.bits(0));
        int bytes = BLOCK * GROUP / (halves ? 2 : 1);
        c.useUp(c.argument(4), () -> {
            for (Gpr row : rows) for (int line = 0; line < bytes; line += LINE) c.prefetch(row, ahead, line);
            Value[] both = new Value[FOUR];
            for (int r = 0; r < FOUR; r++) {
                Value own = c.loadF16(scales[r], 0);
                both[r] = c.mul(halves ? c.shuffles.pick(c.load(c.argument(6), 0), own) : own, c.load(x, SCALES));
            }
            for (int at = 0; at < bytes; at += VECTOR) {
                if (halves) halves(c, x, rows, both, sums, at / VECTOR, dots);
                else bytes(c, x, rows, both, sums, at / VECTOR, dots);
            }
            c.advance(x, SIZE);
            for (Gpr row : rows) c.advance(row, bytes);
            for (Gpr scale : scales) c.advance(scale, 2 * BLOCK);
        });
        for (int r = 0; r < FOUR; r++) c.storeFirst(c.sum(sums[r]), c.argument(5), 4 * r);
        return c.routine(halves ? "grouped_int8_halves" : "grouped_int8_bytes");
    }

    /** Four addresses that are {@code step} apart; the last one takes its register. */
    private static Gpr[] rows(VectorCode c, Gpr first, Gpr step) {
        Gpr[] rows = {first, c.copy(first), null, step};
        c.advance(rows[1], step);
        rows[2] = c.copy(rows[1]);
        c.advance(rows[2], step);
        c.advance(step, rows[2]);
        return rows;
    }

    private static void halves(VectorCode c, Gpr x, Gpr[] rows, Value[] scales, Value[] sums, int pair, boolean dots) {
        Value first = c.load(x, 2 * VECTOR * pair), second = c.load(x, 2 * VECTOR * pair + VECTOR);
        Value less = dots ? null : c.load(x, RAISED + VECTOR * pair);
        for (int r = 0; r < FOUR; r++) {
            Value raised = c.xor(c.load(rows[r], VECTOR * pair), c.bits(0x88888888));
            Value low = c.and(raised, c.bits(LOW)), high = c.and(c.ints.shiftRight(raised, 4), c.bits(LOW));
            Value sum = dots ? c.ints.dotBytes(c.ints.dotBytes(c.load(x, RAISED + VECTOR * pair), low, first), high, second)
                    : c.ints.add(c.ints.mulShorts(c.ints.addShorts(c.ints.mulBytes(low, first), c.ints.mulBytes(high, second)), c.bits(ONES)), less);
            c.set(sums[r], c.fma(c.ints.toFloats(sum), c.shuffles.quarter(scales[r], pair), sums[r]));
        }
    }

    private static void bytes(VectorCode c, Gpr x, Gpr[] rows, Value[] scales, Value[] sums, int group, boolean dots) {
        Value numbers = c.load(x, VECTOR * group), which = c.register(c.bits(group));
        for (int r = 0; r < FOUR; r++) {
            Value own = c.load(rows[r], VECTOR * group), signed = c.ints.signBytes(numbers, own), magnitudes = c.ints.absBytes(own);
            Value sum = dots ? c.ints.dotBytes(c.register(c.bits(0)), magnitudes, signed)
                    : c.ints.mulShorts(c.ints.mulBytes(magnitudes, signed), c.bits(ONES));
            c.set(sums[r], c.fma(c.ints.toFloats(sum), c.shuffles.pick(which, scales[r]), sums[r]));
        }
    }
}
