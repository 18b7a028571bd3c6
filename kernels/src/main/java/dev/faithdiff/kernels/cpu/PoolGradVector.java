package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.load;
import static dev.faithdiff.kernels.cpu.Vec.store;

import dev.faithdiff.kernels.cpu.PoolVector.Window;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.PoolOp;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Gradients of pooling: each task spreads the gradients of all windows of one image in a strip of channels of its own. */
public final class PoolGradVector implements Kernel<PoolOp.Grad> {
    private static final int STRIP = Math.max(LANES, 16); // floats: a cache line

    @Override public Class<PoolOp.Grad> op() { return PoolOp.Grad.class; }

    @Override public String refuses(PoolOp.Grad op, Tensor[] in) {
        return in[0].dtype() == DType.F32 && in[1].dtype() == DType.F32 ? null : "takes F32";
    }

    @Override public void run(PoolOp.Grad op, Tensor[] in, Tensor out) {
        Tensor x = in[0], g = in[1];
        int channels = x.size(3), strips = Math.ceilDiv(channels, STRIP);
        float[] down = PoolVector.hann(op.of().height()), across = PoolVector.hann(op.of().width());
        Copy.zero(out.address(), out.bytes());
        Parallel.run(x.size(0) * strips, task -> {
            long image = task / strips, grad = g.address() + 4 * image * g.size(1) * g.size(2) * channels;
            int first = task % strips * STRIP, end = Math.min(first + STRIP, channels);
            for (int oy = 0; oy < g.size(1); oy++) {
                for (int ox = 0; ox < g.size(2); ox++, grad += 4L * channels) {
                    Window w = Window.of(op.of(), x, image, oy, ox, down, across);
                    spread(w, grad, out.address() - x.address(), first, end);
                }
            }
        });
    }

    /** @param way from a pixel of x to that of its gradient */
    private static void spread(Window w, long grad, long way, int first, int end) {
        int c = first;
        for (; c <= end - LANES; c += LANES) {
            FloatVector g = load(grad + 4L * c);
            switch (w.op().kind()) {
                case MAX -> max(w, g, way, c);
                case MEAN -> mean(w, g.mul(w.share()), way, c);
                case L2 -> root(w, g.div(PoolVector.root(w, c)), way, c);
            }
        }
        for (; c < end; c++) one(w, Vec.get(grad + 4L * c), way, c);
    }

    /** The first pixel that is the maximum takes it all. */
    private static void max(Window w, FloatVector g, long way, int channel) {
        FloatVector max = PoolVector.max(w, channel), zero = FloatVector.zero(F);
        for (int r = 0; r < w.rows(); r++) {
            for (int s = 0; s < w.columns(); s++) {
                long at = w.at(r, s, channel);
                VectorMask<Float> here = load(at).compare(VectorOperators.EQ, max);
                store(load(at + way).add(zero.blend(g, here)), at + way);
                g = g.blend(zero, here);
            }
        }
    }

    private static void mean(Window w, FloatVector g, long way, int channel) {
        for (int r = 0; r < w.rows(); r++) {
            for (int s = 0; s < w.columns(); s++) {
                long to = w.at(r, s, channel) + way;
                store(load(to).add(g), to);
            }
        }
    }

    private static void root(Window w, FloatVector g, long way, int channel) {
        for (int r = 0; r < w.rows(); r++) {
            for (int s = 0; s < w.columns(); s++) {
                long at = w.at(r, s, channel);
                store(load(at).mul(w.weight(r, s)).fma(g, load(at + way)), at + way);
            }
        }
    }

    private static void one(Window w, float g, long way, int channel) {
        float value = PoolVector.one(w, channel);
        for (int r = 0; r < w.rows(); r++) {
            for (int s = 0; s < w.columns(); s++) {
                long at = w.at(r, s, channel);
                float x = Vec.get(at), share = switch (w.op().kind()) {
                    case MAX -> x == value ? g : 0;
                    case MEAN -> g * w.share();
                    case L2 -> w.weight(r, s) * x * g / value;
                };
                Vec.set(at + way, Vec.get(at + way) + share);
                if (w.op().kind() == PoolOp.Kind.MAX && x == value) return;
            }
        }
    }
}
