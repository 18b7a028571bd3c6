package dev.faithdiff.kernels.cpu.emit;

import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;
import java.util.List;

/** The steps of {@link VectorCode} that bring elements of 32 bits to other places. */
public final class ShuffleSteps {
    private final Steps steps;
    private final Assembler a;

    ShuffleSteps(Steps steps) {
        this.steps = steps;
        a = steps.a;
    }

    /** The elements whose numbers {@code which} has. */
    public Value pick(Value which, Value from) { return steps.of(a::vpermd, which, from); }

    /** One element of each 128 bits, in all four of them. */
    public Value quarter(Value x, int element) { return steps.value(List.of(x), to -> a.vpermilps(to, x.operand(), 0x55 * element)); }

    /** Of two vectors of 256 bits the lower halves, or the upper ones. */
    public Value joined(Value x, Value y, boolean upper) { return of(a::vperm2f128, x, y, upper ? 0x31 : 0x20); }

    interface Join {
        Value of(Value x, Value y);
    }

    /** All elements joined by halves, in every element. */
    Value across(Value x, Join join) {
        if (steps.bits == 512) {
            Value wide = x;
            x = join.of(wide, steps.value(List.of(wide), to -> a.vshuff32x4(to, wide.register, wide.register, 0x4e)));
            Value half = x;
            x = join.of(half, steps.value(List.of(half), to -> a.vshuff32x4(to, half.register, half.register, 0xb1)));
        } else {
            Value wide = x;
            x = join.of(wide, steps.value(List.of(wide), to -> a.vperm2f128(to, wide.register, wide.register, 1)));
        }
        Value four = x, two = join.of(four, steps.value(List.of(four), to -> a.vpermilps(to, four.register, 0x4e)));
        return join.of(two, steps.value(List.of(two), to -> a.vpermilps(to, two.register, 0xb1)));
    }

    /** The columns of a square, whose rows are as many vectors as a vector has elements. */
    public Value[] transposed(Value[] rows) {
        Value[] fours = new Value[rows.length];
        for (int i = 0; i < rows.length; i += 4) {
            Value lowA = steps.of(a::vunpcklps, rows[i], rows[i + 1]), lowB = steps.of(a::vunpcklps, rows[i + 2], rows[i + 3]);
            Value highA = steps.of(a::vunpckhps, rows[i], rows[i + 1]), highB = steps.of(a::vunpckhps, rows[i + 2], rows[i + 3]);
            fours[i] = of(a::vshufps, lowA, lowB, 0x44);
            fours[i + 1] = of(a::vshufps, lowA, lowB, 0xee);
            fours[i + 2] = of(a::vshufps, highA, highB, 0x44);
            fours[i + 3] = of(a::vshufps, highA, highB, 0xee);
        }
        Value[] columns = new Value[rows.length];
        for (int i = 0; i < 4; i++) {
            if (steps.bits == 512) joinFour(fours, i, columns);
            else for (int half = 0; half < 2; half++) columns[4 * half + i] = joined(fours[i], fours[4 + i], half == 1);
        }
        return columns;
    }

    /** Columns i, 4 + i, 8 + i and 12 + i: those of which four vectors hold four elements each. */
    private void joinFour(Value[] fours, int i, Value[] columns) {
        Value[] top = new Value[2], bottom = new Value[2];
        for (int odd = 0; odd < 2; odd++) {
            top[odd] = of(a::vshuff32x4, fours[i], fours[4 + i], odd == 0 ? 0x88 : 0xdd);
            bottom[odd] = of(a::vshuff32x4, fours[8 + i], fours[12 + i], odd == 0 ? 0x88 : 0xdd);
        }
        for (int q = 0; q < 4; q++) columns[4 * q + i] = of(a::vshuff32x4, top[q % 2], bottom[q % 2], q < 2 ? 0x88 : 0xdd);
    }

    private interface Numbered {
        void write(Simd to, Simd x, RegisterOrMemory y, int number);
    }

    private Value of(Numbered instruction, Value x, Value y, int number) { return steps.of((to, p, q) -> instruction.write(to, p, q, number), x, y); }
}
