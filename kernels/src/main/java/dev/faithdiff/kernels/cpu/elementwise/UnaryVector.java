package dev.faithdiff.kernels.cpu.elementwise;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.load;
import static dev.faithdiff.kernels.cpu.Vec.store;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Tail;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.UnaryOp;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Elementwise functions of F32, a vector at a time: one loop for each function. */
public final class UnaryVector implements Kernel<UnaryOp> {
    @Override public Class<UnaryOp> op() { return UnaryOp.class; }

    @Override public String refuses(UnaryOp op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

    @Override public void run(UnaryOp op, Tensor[] in, Tensor out) {
        long x = in[0].address(), y = out.address();
        Chunks.run(out.count(), (from, count) -> chunk(op, x + 4 * from, y + 4 * from, count));
    }

    private static void chunk(UnaryOp op, long x, long y, int n) {
        int rest = n % LANES, whole = n - rest;
        loop(op, x, y, whole);
        if (rest > 0) {
            long t = Tail.load(0, x + 4L * whole, rest);
            loop(op, t, t, LANES);
            Tail.store(t, y + 4L * whole, rest);
        }
    }

    private static void loop(UnaryOp op, long x, long y, int n) {
        switch (op.kind()) {
            case SILU -> silu(x, y, n);
            case GELU -> gelu(x, y, n);
            case GELU_TANH -> geluTanh(x, y, n);
            case QUICK_GELU -> quickGelu(x, y, n);
            case SIGMOID -> sigmoid(x, y, n);
            case TANH -> tanh(x, y, n);
            case EXP -> exp(x, y, n);
            case LOG -> log(x, y, n);
            case SQRT -> sqrt(x, y, n);
            case ABS -> abs(x, y, n);
            case SIGN -> sign(x, y, n);
            case RELU -> relu(x, y, n);
            case LEAKY_RELU -> leakyRelu(x, y, n, op.a());
            case CLAMP -> clamp(x, y, n, op.a(), op.b());
        }
    }

    private static void silu(long x, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(Vec.silu(load(x + 4L * i)), y + 4L * i);
    }

    private static void gelu(long x, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(Vec.gelu(load(x + 4L * i)), y + 4L * i);
    }

    private static void geluTanh(long x, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(Vec.geluTanh(load(x + 4L * i)), y + 4L * i);
    }

    private static void quickGelu(long x, long y, int n) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = load(x + 4L * i);
            store(v.mul(Vec.sigmoid(v.mul(1.702f))), y + 4L * i);
        }
    }

    private static void sigmoid(long x, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(Vec.sigmoid(load(x + 4L * i)), y + 4L * i);
    }

    private static void tanh(long x, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(Vec.tanh(load(x + 4L * i)), y + 4L * i);
    }

    private static void exp(long x, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(Vec.exp(load(x + 4L * i)), y + 4L * i);
    }

    private static void log(long x, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(Vec.log(load(x + 4L * i)), y + 4L * i);
    }

    private static void sqrt(long x, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(load(x + 4L * i).sqrt(), y + 4L * i);
    }

    private static void abs(long x, long y, int n) {
        for (int i = 0; i < n; i += LANES) store(load(x + 4L * i).abs(), y + 4L * i);
    }

    private static void sign(long x, long y, int n) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = load(x + 4L * i);
            FloatVector up = v.blend(1f, v.compare(VectorOperators.GT, 0f)); // zeros and NaN stay unchanged
            store(up.blend(-1f, v.compare(VectorOperators.LT, 0f)), y + 4L * i);
        }
    }

    private static void relu(long x, long y, int n) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = load(x + 4L * i);
            store(v.blend(0f, v.compare(VectorOperators.LT, 0f)), y + 4L * i);
        }
    }

    private static void leakyRelu(long x, long y, int n, float slope) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector v = load(x + 4L * i);
            store(v.blend(v.mul(slope), v.compare(VectorOperators.LT, 0f)), y + 4L * i);
        }
    }

    private static void clamp(long x, long y, int n, float low, float high) {
        for (int i = 0; i < n; i += LANES) store(Vec.clamp(load(x + 4L * i), low, high), y + 4L * i);
    }
}
