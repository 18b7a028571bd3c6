package dev.faithdiff.kernels.cpu.conv;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.POSITIONS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.ROWS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

import dev.faithdiff.kernels.cpu.Chunks;
import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.Scratch;
import dev.faithdiff.kernels.cpu.Workspace;
import dev.faithdiff.kernels.cpu.gemm.Factors;
import dev.faithdiff.kernels.cpu.gemm.Matrix;
import dev.faithdiff.kernels.cpu.gemm.PackedB;
import dev.faithdiff.kernels.cpu.gemm.PanelLoops;
import dev.faithdiff.kernels.cpu.gemm.Panels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The gradient of the weight of a 3x3 convolution of stride 1 by Winograd's F(4x4, 3x3). At each position the transformed input is multiplied with
 * the transformed gradient and summed over all tiles, a matrix product with tiles as the inner dimension. The sums are then transformed to weights.
 *
 * <p>A chunk of tiles is transformed, then multiplied. A task computes a part of one position's sums.
 */
final class WinogradWeightGrad {
    private static final int CHUNK = 1 << 20;  // floats of transformed input at a time
    private static final int LEAST = 96;       // the fewest tiles of a chunk
    private static final int CHANNELS = 160;   // the most inputs, and the most outputs, of a task
    private static final int DEPTH = 192;      // tiles multiplied at a time: the operands of a task fit the L2 cache
    private static final int GAP = LANES;      // floats between positions, so that they do not all fall into one cache set

    private record Scratch(float[] patch, MemorySegment pixels, MemorySegment nothing, float[] sums) {}

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(() -> new Scratch(new float[POSITIONS * LANES],
            addresses(), addresses(), new float[Panels.roundUp(CHANNELS) * (CHANNELS + WIDTH)]));

    private static MemorySegment addresses() { return Arena.ofAuto().allocate(8L * POSITIONS, 8); }

    private final Conv.Size size;
    private final Matrix grad;
    private final long to;
    private final WinogradInput input;
    private final int panels, group; // panels of outputs in total, and of a task
    private final long gradStep, sumStep; // bytes from position to position

    /** @param to address of the gradient, dense [O, 3, 3, I] */
    WinogradWeightGrad(Conv.Size size, Matrix grad, Matrix x, long to) {
        this.size = size;
        this.grad = grad;
        this.to = to;
        input = new WinogradInput(Factors.F32, size, x, CHANNELS, CHUNK, LEAST);
        panels = PackedB.panels(size.out());
        int most = CHANNELS / WIDTH;
        group = Math.ceilDiv(panels, Math.ceilDiv(panels, most));
        gradStep = 4L * (panels * input.chunk * WIDTH + GAP);
        sumStep = 4L * (size.out() * size.in() + GAP);
    }

    void run() {
        int channels = Math.max(size.in(), size.out());
        try (Workspace aside = Workspace.of(channels); Workspace grads = Workspace.of(POSITIONS * gradStep / 4);
                Workspace sums = Workspace.of(POSITIONS * sumStep / 4)) {
            long zeros = aside.at(0);
            Copy.zero(zeros, 4L * channels);
            int parts = input.parts(), groups = Math.ceilDiv(panels, group);
            float[] numbers = input.numbers();
            for (int from = 0; from < input.tiles; from += input.chunk) {
                int first = from, count = Math.min(input.chunk, input.tiles - from);
                input.transform(first, count, zeros, numbers);
                Parallel.run(Math.ceilDiv(count, ROWS), i -> transform(first, i * ROWS, Math.min(count, (i + 1) * ROWS), zeros, grads.at(0)));
                Parallel.run(POSITIONS * parts * groups, i -> {
                    int position = i / (parts * groups);
                    int part = i / groups % parts;
                    int panel = i % groups * group;
                    multiply(position, part, panel, count, numbers, grads.at(0) + position * gradStep, first > 0, sums.at(0) + position * sumStep);
                });
            }
            Chunks.rows(size.out(), (long) POSITIONS * size.in(), (row, rows) -> back((int) row, rows, sums.at(0)));
        }
    }

    /** Transforms the gradient's tiles row..end of the chunk that begins with tile {@code first}, to panels of outputs. */
    private void transform(int first, int row, int end, long zeros, long grads) {
        Scratch s = SCRATCH.get();
        for (int i = 0; i < POSITIONS; i++) Vec.setNumber(s.nothing.address(), i, zeros);
        for (; row < end; row++) {
            input.findOutputs(grad, first + row, s.pixels.address(), zeros);
            for (int c = 0; c < panels * WIDTH; c += LANES) {
                long at = grads + 4L * ((long) (c / WIDTH * input.chunk + row) * WIDTH + c % WIDTH);
                if (c < size.out()) WinogradGradTransforms.gradient(s.pixels.address(), 4L * c, s.patch, at, gradStep);
                else WinogradGradTransforms.gradient(s.nothing.address(), 0, s.patch, at, gradStep);
            }
        }
    }

    /** Adds to the sums of one position, for a part of the inputs and a group of panels of outputs. */
    private void multiply(int position, int part, int panel, int count, float[] numbers, long grads, boolean add, long sums) {
        Scratch s = SCRATCH.get();
        int channels = input.channels(part);
        int end = Math.min(panels, panel + group);
        int height = Panels.roundUp(channels) * WIDTH;
        for (int tile = 0; tile < count; tile += DEPTH) {
            int depth = Math.min(DEPTH, count - tile), at = input.at(part, position, tile);
            for (int r = 0; r < channels; r += ROWS) {
                for (int p = panel; p < end; p++) {
                    long b = grads + 4L * WIDTH * ((long) p * input.chunk + tile);
                    Panels.tileTransposed(depth, numbers, at + r, b, tile > 0, s.sums, (p - panel) * height + r * WIDTH);
                }
            }
        }
        for (int p = panel; p < end; p++) {
            long c = sums + 4L * ((long) p * WIDTH * size.in() + (long) part * input.depth);
            int outputs = Math.min(WIDTH, size.out() - p * WIDTH);
            PanelLoops.FASTEST.storeTransposed(s.sums, (p - panel) * height, channels, outputs, null, 0, add, c, size.in());
        }
    }

    private void back(int row, int rows, long sums) {
        float[] patch = SCRATCH.get().patch;
        for (int o = row; o < row + rows; o++) {
            for (int c = 0; c < size.in(); c += LANES) {
                WinogradGradTransforms.weight(sums + 4L * ((long) o * size.in() + c), sumStep, patch,
                        to + 4L * ((long) o * 9 * size.in() + c), 4L * size.in());
            }
        }
    }
}
