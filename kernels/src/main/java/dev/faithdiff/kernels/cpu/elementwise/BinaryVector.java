package dev.faithdiff.kernels.cpu.elementwise;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.load;
import static dev.faithdiff.kernels.cpu.Vec.store;

import dev.faithdiff.kernels.cpu.Tail;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.BinaryOp;
import dev.faithdiff.tensor.op.Kernel;

/** Arithmetic of F32 with rows that repeat, a vector at a time. */
public final class BinaryVector implements Kernel<BinaryOp> {
    @Override public Class<BinaryOp> op() { return BinaryOp.class; }

    @Override public String refuses(BinaryOp op, Tensor[] in) { return BinaryRows.refuses(in); }

    @Override public void run(BinaryOp op, Tensor[] in, Tensor out) {
        BinaryRows.run((a, b, y, length, times) -> {
            for (int i = 0; i < times; i++) row(op.kind(), a + 4L * length * i, b, y + 4L * length * i, length);
        }, in, out);
    }

    /** Computes {@code n} elements, for any n. */
    static void row(BinaryOp.Kind kind, long a, long b, long y, int n) {
        int rest = n % LANES, whole = n - rest;
        loop(kind, a, b, y, whole);
        if (rest > 0) {
            long s = Tail.load(0, a + 4L * whole, rest), t = Tail.load(1, b + 4L * whole, rest);
            loop(kind, s, t, s, LANES);
            Tail.store(s, y + 4L * whole, rest);
        }
    }

    private static void loop(BinaryOp.Kind kind, long a, long b, long y, int n) {
        switch (kind) {
            case ADD -> add(a, b, y, n);
            case SUB -> sub(a, b, y, n);
            case MUL -> mul(a, b, y, n);
            case DIV -> div(a, b, y, n);
        }
    }

    private static void add(long a, long b, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(load(a + 4L * i).add(load(b + 4L * i)), y + 4L * i);
    }

    private static void sub(long a, long b, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(load(a + 4L * i).sub(load(b + 4L * i)), y + 4L * i);
    }

    private static void mul(long a, long b, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(load(a + 4L * i).mul(load(b + 4L * i)), y + 4L * i);
    }

    private static void div(long a, long b, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(load(a + 4L * i).div(load(b + 4L * i)), y + 4L * i);
    }
}
