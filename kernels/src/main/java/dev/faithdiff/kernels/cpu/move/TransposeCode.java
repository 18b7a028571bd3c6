package dev.faithdiff.kernels.cpu.move;

import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;

/** Transposes of 32 bits as machine code. */
final class TransposeCode {
    /** Squares of vectors: from, bytes between rows, to, bytes between rows, squares down and across the result, bytes from one down to the next. */
    static final Routine SQUARES = squares(VecCode.start());
    /** Single numbers: from, bytes from row to row and from number to number, the same of the result, rows, numbers of a row. */
    static final Routine INTS = ints(VecCode.start());

    private TransposeCode() {}

    static Routine squares(VectorCode c) {
        Gpr fromStep = c.argument(1), toStep = c.argument(3);
        c.repeat(c.argument(4), () -> {
            Gpr from = c.copy(c.argument(0)), to = c.copy(c.argument(2));
            c.repeat(c.argument(5), () -> {
                Value[] rows = new Value[c.bytes() / 4];
                for (int i = 0; i < rows.length; i++) {
                    rows[i] = c.load(from, 0);
                    c.advance(from, fromStep);
                }
                Gpr line = c.copy(to);
                for (Value v : c.shuffles.transposed(rows)) {
                    c.store(v, line, 0);
                    c.advance(line, toStep);
                }
                c.release(line);
                c.advance(to, c.bytes());
            });
            c.release(from);
            c.release(to);
            c.advance(c.argument(0), c.bytes());
            c.advance(c.argument(2), c.argument(6));
        });
        return c.routine("transpose_squares");
    }

    static Routine ints(VectorCode c) {
        c.repeat(c.argument(6), () -> {
            Gpr from = c.copy(c.argument(0)), to = c.copy(c.argument(3));
            c.repeat(c.argument(7), () -> {
                c.copyInt(from, to);
                c.advance(from, c.argument(2));
                c.advance(to, c.argument(5));
            });
            c.release(from);
            c.release(to);
            c.advance(c.argument(0), c.argument(1));
            c.advance(c.argument(3), c.argument(4));
        });
        return c.routine("transpose_ints");
    }
}
