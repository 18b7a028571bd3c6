package dev.faithdiff.kernels.cpu.elementwise;

import dev.faithdiff.kernels.cpu.emit.Gpr;
import dev.faithdiff.kernels.cpu.emit.Routine;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;

/** Machine code of functions of two floats, along rows. */
final class RowCode {
    interface Function {
        Value of(VectorCode c, Value a, Value b);
    }

    private RowCode() {}

    /** A routine for y = f(a, b): addresses of a, b and y, a row's length, the number of rows, and the bytes from row to row of a, b and y. */
    static Routine of(VectorCode c, String name, Function f) {
        Gpr a = c.argument(0), b = c.argument(1), y = c.argument(2);
        c.repeat(c.argument(4), () -> {
            c.each(c.argument(3), at -> c.store(f.of(c, c.load(a, at), c.load(b, at)), y, at));
            for (int i = 0; i < 3; i++) c.advance(c.argument(i), c.argument(5 + i));
        });
        return c.routine(name);
    }
}
