package dev.faithdiff.kernels.cpu.conv;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.load;
import static dev.faithdiff.kernels.cpu.Vec.store;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.ToFloat;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.Workspace;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Kernel;
import java.util.function.IntUnaryOperator;
import jdk.incubator.vector.FloatVector;

/** A depthwise convolution, in which each output sees one channel: sums of products for a vector of channels and four pixels at a time. */
public final class Conv2dDepthwise implements Kernel<Conv2dOp> {
    private static final int PIXELS = 4;

    /** The weights for one run as {@code [tap][channel]}, and the biases. */
    private record Weights(Workspace taps, Workspace bias) implements AutoCloseable {
        /** @param order the tap of the tensor {@code [C, kh, kw, 1]} to place at each position */
        static Weights of(Tensor w, IntUnaryOperator order, Tensor bias) {
            int channels = w.size(0), taps = w.size(1) * w.size(2);
            float[] from = Workspace.floats(w);
            Weights weights = new Weights(Workspace.of((long) channels * taps), Workspace.of(channels));
            for (int t = 0; t < taps; t++) {
                for (int c = 0; c < channels; c++) Vec.set(weights.taps.at((long) t * channels + c), from[c * taps + order.applyAsInt(t)]);
            }
            if (bias == null) Copy.zero(weights.bias.at(0), 4L * channels);
            else ToFloat.row(bias.dtype(), bias.address(), channels, weights.bias.at(0));
            return weights;
        }

        @Override public void close() {
            taps.close();
            bias.close();
        }
    }

    @Override public Class<Conv2dOp> op() { return Conv2dOp.class; }

    @Override public String refuses(Conv2dOp op, Tensor[] in) { return refusal(op, in[0], in[1]); }

    /** Null if the kernel takes the convolution, else the reason. */
    static String refusal(Conv2dOp op, Tensor x, Tensor weight) {
        if (op.groups() == 1 || weight.size(3) != 1 || weight.size(0) != op.groups()) return "takes one channel and one output in each group";
        return x.dtype() == DType.F32 ? null : "computes in F32";
    }

    @Override public void run(Conv2dOp op, Tensor[] in, Tensor out) {
        convolve(Conv2dImplicitGemm.size(op, in[0], in[1]), in[0], in[1], tap -> tap, in.length > 2 ? in[2] : null, out);
    }

    static void convolve(Conv.Size s, Tensor x, Tensor weight, IntUnaryOperator order, Tensor bias, Tensor out) {
        int height = s.outHeight(), width = s.outWidth();
        try (Weights w = Weights.of(weight, order, bias)) {
            Chunks.rows((long) s.batch() * height, (long) width * s.in() * s.kh() * s.kw(), (first, rows) -> {
                for (long r = first; r < first + rows; r++) {
                    long image = x.address() + 4 * (r / height) * s.height() * s.width() * s.in();
                    row(s, w, image, (int) (r % height), out.address() + 4 * r * width * s.in());
                }
            });
        }
    }

    /** One row of the result. @param image where the image begins */
    private static void row(Conv.Size s, Weights w, long image, int row, long y) {
        int top = row * s.stride() - s.top();
        int from = Math.max(-top, 0);
        int rows = Math.min(s.kh(), s.height() - top) - from;
        for (int o = 0, pixels; o < s.outWidth(); o += pixels) {
            int left = o * s.stride() - s.left(), end = left + (PIXELS - 1) * s.stride() + s.kw();
            boolean inside = left >= 0 && end <= s.width() && o + PIXELS <= s.outWidth();
            pixels = inside ? PIXELS : 1;
            int first = Math.max(-left, 0), columns = Math.min(s.kw(), s.width() - left) - first;
            long x = image + 4L * ((top + from) * s.width() + left + first) * s.in(), taps = w.taps.at((long) (from * s.kw() + first) * s.in());
            pixels(s, pixels, rows, columns, x, taps, w.bias.at(0), y + 4L * o * s.in());
        }
    }

    private static void pixels(Conv.Size s, int pixels, int rows, int columns, long x, long taps, long bias, long y) {
        long line = 4L * s.width() * s.in();
        long tapLine = 4L * s.kw() * s.in();
        long pixel = 4L * s.in();
        long step = pixel * s.stride();
        int whole = s.in() / LANES * LANES;
        for (long c = 0; c < 4L * whole; c += 4 * LANES) {
            if (pixels == 1) one(rows, columns, x + c, line, taps + c, tapLine, pixel, bias + c, y + c);
            else four(rows, columns, x + c, line, step, taps + c, tapLine, pixel, bias + c, y + c);
        }
        for (int p = 0; p < pixels; p++) {
            for (long c = 4L * whole; c < pixel; c += 4) {
                float sum = Vec.get(bias + c);
                for (int r = 0; r < rows; r++) {
                    long at = x + p * step + r * line + c, tap = taps + r * tapLine + c;
                    for (int t = 0; t < columns; t++) sum = Math.fma(Vec.get(at + t * pixel), Vec.get(tap + t * pixel), sum);
                }
                Vec.set(y + p * pixel + c, sum);
            }
        }
    }

    private static void one(int rows, int columns, long x, long line, long taps, long tapLine, long pixel, long bias, long y) {
        FloatVector sum = load(bias);
        for (int r = 0; r < rows; r++, x += line, taps += tapLine) {
            for (int t = 0; t < columns; t++) sum = load(x + t * pixel).fma(load(taps + t * pixel), sum);
        }
        store(sum, y);
    }

    private static void four(int rows, int columns, long x, long line, long step, long taps, long tapLine, long pixel, long bias, long y) {
        FloatVector a = load(bias), b = a, c = a, d = a;
        for (int r = 0; r < rows; r++, x += line, taps += tapLine) {
            for (int t = 0; t < columns; t++) {
                long at = x + t * pixel;
                FloatVector w = load(taps + t * pixel);
                a = load(at).fma(w, a);
                b = load(at + step).fma(w, b);
                c = load(at + 2 * step).fma(w, c);
                d = load(at + 3 * step).fma(w, d);
            }
        }
        store(a, y);
        store(b, y + pixel);
        store(c, y + 2 * pixel);
        store(d, y + 3 * pixel);
    }

    /** The gradient of the input for stride 1: a depthwise convolution of the gradient with the flipped kernel. */
    public static final class InputGrad implements Kernel<Conv2dOp.InputGrad> {
        @Override public String name() { return "Conv2dDepthwiseInputGrad"; }

        @Override public Class<Conv2dOp.InputGrad> op() { return Conv2dOp.InputGrad.class; }

        @Override public String refuses(Conv2dOp.InputGrad op, Tensor[] in) {
            return op.of().stride() == 1 ? refusal(op.of(), in[0], in[1]) : "takes stride 1";
        }

        @Override public void run(Conv2dOp.InputGrad op, Tensor[] in, Tensor out) {
            int last = in[1].size(1) * in[1].size(2) - 1;
            convolve(Conv2dInputGradWinograd.size(op, in).back(), in[0], in[1], tap -> last - tap, null, out);
        }
    }
}
