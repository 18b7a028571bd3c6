package dev.faithdiff.kernels.cpu.elementwise;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.load;
import static dev.faithdiff.kernels.cpu.Vec.store;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Tail;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.UnaryOp;
import jdk.incubator.vector.FloatVector;

/** Gradients of the elementwise functions of F32: one loop for each smooth function, and one for most piecewise linear ones. */
public final class UnaryGradVector implements Kernel<UnaryOp.Grad> {
    @Override public Class<UnaryOp.Grad> op() { return UnaryOp.Grad.class; }

    @Override public String refuses(UnaryOp.Grad op, Tensor[] in) {
        return in[0].dtype() == DType.F32 && in[1].dtype() == DType.F32 ? null : "takes F32";
    }

    @Override public void run(UnaryOp.Grad op, Tensor[] in, Tensor out) {
        long x = in[0].address(), g = in[1].address(), y = out.address();
        Chunks.run(out.count(), (from, count) -> chunk(op.of(), x + 4 * from, g + 4 * from, y + 4 * from, count));
    }

    private static void chunk(UnaryOp of, long x, long g, long y, int n) {
        int rest = n % LANES, whole = n - rest;
        loop(of, x, g, y, whole);
        if (rest > 0) {
            long s = Tail.load(0, x + 4L * whole, rest);
            long t = Tail.load(1, g + 4L * whole, rest);
            long to = Tail.place(2);
            loop(of, s, t, to, LANES);
            Tail.store(to, y + 4L * whole, rest);
        }
    }

    private static void loop(UnaryOp of, long x, long g, long y, int n) {
        switch (of.kind()) {
            case SILU -> silu(x, g, y, n, 1);
            case QUICK_GELU -> silu(x, g, y, n, 1.702f);
            case GELU -> GeluSlope.unary(x, g, y, n);
            case GELU_TANH -> geluTanh(x, g, y, n);
            case SIGMOID -> sigmoid(x, g, y, n);
            case TANH -> tanh(x, g, y, n);
            case EXP -> exp(x, g, y, n);
            case LOG -> log(x, g, y, n);
            case SQRT -> sqrt(x, g, y, n);
            case ABS -> abs(x, g, y, n);
            case SIGN -> steps(x, g, y, n, 0, 0, 0, 0, 0);
            case RELU -> steps(x, g, y, n, Float.NEGATIVE_INFINITY, 0, 0, 0, 1);
            case LEAKY_RELU -> steps(x, g, y, n, Float.NEGATIVE_INFINITY, 0, 0, of.a(), 1);
            case CLAMP -> steps(x, g, y, n, of.a(), of.b(), 0, 1, 0);
        }
    }

    /** x sigmoid(k x): s (1 + k x (1 - s)). */
    private static void silu(long x, long g, long y, int n, float k) {
        FloatVector one = FloatVector.broadcast(Vec.F, 1f);
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = load(x + 4L * i).mul(k), s = Vec.sigmoid(v);
            store(load(g + 4L * i).mul(s).mul(v.fma(one.sub(s), one)), y + 4L * i);
        }
    }

    private static void sigmoid(long x, long g, long y, int n) {
        FloatVector one = FloatVector.broadcast(Vec.F, 1f);
        for (int i = 0; i < n; i += LANES) {
            FloatVector s = Vec.sigmoid(load(x + 4L * i));
            store(load(g + 4L * i).mul(s).mul(one.sub(s)), y + 4L * i);
        }
    }

    /** s (1 + x (1 - s) l') for the sigmoid s of l, whose slope is l'. */
    private static void geluTanh(long x, long g, long y, int n) {
        FloatVector one = FloatVector.broadcast(Vec.F, 1f);
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = load(x + 4L * i), s = Vec.sigmoid(Vec.geluTanhLogit(v));
            FloatVector slope = v.mul(v).fma(FloatVector.broadcast(Vec.F, 0.21406445f), FloatVector.broadcast(Vec.F, 1.5957691f));
            store(load(g + 4L * i).mul(s).mul(v.mul(slope).fma(one.sub(s), one)), y + 4L * i);
        }
    }

    private static void tanh(long x, long g, long y, int n) {
        FloatVector one = FloatVector.broadcast(Vec.F, 1f);
        for (int i = 0; i < n; i += LANES) {
            FloatVector t = Vec.tanh(load(x + 4L * i));
            store(load(g + 4L * i).mul(t.neg().fma(t, one)), y + 4L * i);
        }
    }

    private static void log(long x, long g, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(load(g + 4L * i).div(load(x + 4L * i)), y + 4L * i);
    }

    private static void exp(long x, long g, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(load(g + 4L * i).mul(Vec.exp(load(x + 4L * i))), y + 4L * i);
    }

    private static void sqrt(long x, long g, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(load(g + 4L * i).mul(0.5f).div(load(x + 4L * i).sqrt()), y + 4L * i);
    }

    /** The sign of x: of zero and of what is no number, itself. */
    private static void abs(long x, long g, long y, int n) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = load(x + 4L * i), sign = v.blend(-1f, v.compare(LT, 0f)).blend(1f, v.compare(GT, 0f));
            store(load(g + 4L * i).mul(sign), y + 4L * i);
        }
    }

    /** Piecewise linear functions: one factor below {@code low}, one above {@code high}, and one between. */
    private static void steps(long x, long g, long y, int n, float low, float high, float below, float between, float above) {
        FloatVector middle = FloatVector.broadcast(Vec.F, between);
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = load(x + 4L * i);
            FloatVector factor = middle.blend(below, v.compare(LT, low)).blend(above, v.compare(GT, high));
            store(load(g + 4L * i).mul(factor), y + 4L * i);
        }
    }
}
