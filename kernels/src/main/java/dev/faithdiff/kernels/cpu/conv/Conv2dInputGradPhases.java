package dev.faithdiff.kernels.cpu.conv;

import static dev.faithdiff.kernels.cpu.gemm.LinearPacked.matrix;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Workspace;
import dev.faithdiff.kernels.cpu.gemm.Matrix;
import dev.faithdiff.kernels.cpu.gemm.PackedB;
import dev.faithdiff.kernels.cpu.gemm.Panels;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Kernel;

/**
 * The gradient of a convolution's input. The pixels whose row and column have the same remainders modulo the stride form a phase: they meet the same
 * taps of the kernel, so a phase is a convolution of stride 1 of the gradient with these taps, flipped.
 */
public final class Conv2dInputGradPhases implements Kernel<Conv2dOp.InputGrad> {
    /**
     * One axis of a phase.
     *
     * @param count  input pixels of the phase
     * @param first  the first of its taps, which are a stride apart
     * @param before padding of the gradient at its beginning, negative if its first pixels are not used
     */
    private record Along(int count, int first, int taps, int before) {
        static Along of(int phase, int size, int kernel, int stride, int padding) {
            int first = (phase + padding) % stride, taps = Math.max(0, Math.ceilDiv(kernel - first, stride));
            return new Along(Math.max(0, Math.ceilDiv(size - phase, stride)), first, taps, taps - 1 - (phase + padding) / stride);
        }

        /** Padding of the {@code size} pixels of the gradient at their end. */
        int after(int size) { return count - 1 + taps - size - before; }
    }

    @Override public Class<Conv2dOp.InputGrad> op() { return Conv2dOp.InputGrad.class; }

    @Override public String refuses(Conv2dOp.InputGrad op, Tensor[] in) {
        return in[0].dtype() == DType.F32 ? Conv2dGroups.refusal(op.of()) : "computes in F32";
    }

    @Override public void run(Conv2dOp.InputGrad op, Tensor[] in, Tensor out) {
        Conv.Size size = Conv2dInputGradWinograd.size(op, in);
        Matrix grad = matrix(in[0], 0, size.pixels(), size.out()), weight = matrix(in[1], 0, size.out(), size.depth());
        if (size.stride() == 1) {
            convolve(size, along(size, 0, true), along(size, 0, false), grad, weight, matrix(out, 0, size.back().pixels(), size.in()));
            return;
        }
        for (int phase = 0; phase < size.stride() * size.stride(); phase++) {
            int y = phase / size.stride(), x = phase % size.stride();
            Along down = along(size, y, true), across = along(size, x, false);
            int pixels = size.batch() * down.count * across.count;
            try (Workspace dense = Workspace.of((long) pixels * size.in())) {
                convolve(size, down, across, grad, weight, new Matrix(dense.at(0), DType.F32, pixels, size.in(), size.in()));
                spread(size, down.count, across.count, dense.at(0), out.address() + 4L * (y * size.width() + x) * size.in());
            }
        }
    }

    private static Along along(Conv.Size s, int phase, boolean down) {
        return down ? Along.of(phase, s.height(), s.kh(), s.stride(), s.top()) : Along.of(phase, s.width(), s.kw(), s.stride(), s.left());
    }

    private static void convolve(Conv.Size s, Along down, Along across, Matrix grad, Matrix weight, Matrix to) {
        if (to.rows() == 0) return; // a map smaller than the stride
        int taps = down.taps * across.taps;
        if (taps == 0) {
            Copy.zero(to.at(0, 0), 4L * to.rows() * to.columns());
            return;
        }
        Conv.Size phase = new Conv.Size(s.batch(), s.outHeight(), s.outWidth(), s.out(), s.in(), down.taps, across.taps, 1,
                down.before, across.before, down.after(s.outHeight()), across.after(s.outWidth()));
        Taps back = Taps.back(weight, s.in(), tap -> {
            int y = down.taps - 1 - tap / across.taps, x = across.taps - 1 - tap % across.taps;
            return (down.first + y * s.stride()) * s.kw() + across.first + x * s.stride();
        });
        int panels = PackedB.panels(s.in());
        try (Workspace memory = Workspace.of(PackedB.bytes(phase.depth(), s.in()) / Float.BYTES)) {
            PackedB packed = new PackedB(memory.storage().segment(), phase.depth(), s.in());
            Parallel.run(panels * taps, i -> {
                int panel = i / taps, tap = i % taps;
                back.pack(tap, 0, s.out(), panel * Panels.WIDTH, packed.columns(panel), packed.at(panel, tap * s.out()));
            });
            Conv.run(phase, grad, packed, null, to, false);
        }
    }

    /** Copies a phase's pixels to their positions in the map. */
    private static void spread(Conv.Size s, int height, int width, long from, long to) {
        long pixel = 4L * s.in();
        Chunks.rows((long) s.batch() * height, (long) width * s.in(), (first, count) -> {
            for (long r = first; r < first + count; r++) {
                long line = to + (r / height * s.height() + r % height * s.stride()) * s.width() * pixel;
                for (int x = 0; x < width; x++) Copy.bytes(from + (r * width + x) * pixel, line + x * s.stride() * pixel, pixel);
            }
        });
    }
}
