package dev.faithdiff.kernels.cpu;

import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;

/** Copying rows of floats as machine code. The floats beyond whole vectors go one by one, since masked stores are slow on some processors. */
final class CopyCode {
    /** Addresses from and to; vectors of a row, and floats of a row beyond them; rows; bytes from row to row, from and to. */
    static final Routine ROWS = rows(VecCode.start());

    private CopyCode() {}

    static Routine rows(VectorCode c) {
        c.repeat(c.argument(4), () -> {
            Gpr from = c.copy(c.argument(0)), to = c.copy(c.argument(1));
            c.repeat(c.argument(2), () -> {
                c.store(c.load(from, 0), to, 0);
                c.advance(from, c.bytes());
                c.advance(to, c.bytes());
            });
            c.repeat(c.argument(3), () -> {
                c.copyInt(from, to);
                c.advance(from, 4);
                c.advance(to, 4);
            });
            c.release(from);
            c.release(to);
            c.advance(c.argument(0), c.argument(5));
            c.advance(c.argument(1), c.argument(6));
        });
        return c.routine("copy_rows");
    }
}
