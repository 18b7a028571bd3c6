package dev.faithdiff.kernels.cpu.conv;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.OUTPUTS;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.POSITIONS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.ROWS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

import dev.faithdiff.kernels.cpu.Copy;
import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Tuning;
import dev.faithdiff.kernels.cpu.Scratch;
import dev.faithdiff.kernels.cpu.Workspace;
import dev.faithdiff.kernels.cpu.gemm.Factors;
import dev.faithdiff.kernels.cpu.gemm.Matrix;
import dev.faithdiff.kernels.cpu.gemm.PackedB;
import dev.faithdiff.kernels.cpu.gemm.Panels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * A 3x3 convolution of stride 1 by tiles of 4x4 outputs: input tiles are transformed, multiplied position by position with the transformed weights of
 * one panel of output channels after another, and the products are transformed to outputs.
 *
 * <p>Of up to some 256 channels and of many tiles, a task transforms a block of tiles, which stays in the L2 cache or near it, and multiplies it with
 * all weights, which were transformed before. Otherwise all threads transform a chunk of tiles that fits the L3 cache; then a task multiplies them
 * with the weights of one panel. Its products, and its weights for some channels at a time, fit the L2 cache. Weights are transformed again for
 * each chunk, which costs as much as multiplying some 25 tiles. Both ways lead to the same bits.
 */
final class WinogradTiles {
    private static final int CHUNK = Tuning.WINOGRAD_CHUNK.of(2 << 20); // floats of transformed input at a time
    private static final int BLOCK = Tuning.WINOGRAD_BLOCK.of(96); // tiles whose products a task holds at a time: 432 KiB
    private static final int NEAR_BLOCK = BLOCK / 2; // tiles that a task transforms
    private static final int NEAR = 1 << 19;  // the most floats of them
    private static final int CHANNELS = 192;  // multiplied at once: 432 KiB of weights or twice that; sums in parts also have half the error
    private static final int GAP = LANES;     // floats between positions, so that they do not all fall into one cache set
    private static final int TASKS = 2 * Parallel.threads(), LEAST_BLOCKS = 4 * TASKS; // so that threads end at about the same time
    private static final int TAPS = 9, PIXELS = OUTPUTS * OUTPUTS;
    private static final float[] ZEROS = new float[ROWS * WIDTH];

    /** A thread's buffers: the addresses of the pixels of a block's tiles, the products of a block at all positions, and those of a part at one. */
    private record Scratch(MemorySegment pixels, float[] products, float[] part) {}

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(() -> new Scratch(
            Arena.ofAuto().allocate(8L * BLOCK * PIXELS, 8), new float[POSITIONS * Panels.roundUp(BLOCK) * WIDTH],
            new float[Panels.roundUp(BLOCK) * WIDTH]));

    private final Factors factors;
    private final Conv.Size size;
    private final Matrix y;
    private final Taps weight;
    private final float[] bias;
    private final WinogradInput input;
    private final boolean isNear;

    /** @param factors the form of the transformed numbers @param bias padded to whole panels */
    WinogradTiles(Factors factors, Conv.Size size, Matrix x, Taps weight, float[] bias, Matrix y) {
        this.factors = factors;
        this.size = size;
        this.weight = weight;
        this.bias = bias;
        this.y = y;
        WinogradInput near = new WinogradInput(factors, size, x, CHANNELS, 0, NEAR_BLOCK);
        isNear = near.floats <= NEAR && Math.ceilDiv(near.tiles, near.chunk) >= LEAST_BLOCKS;
        input = isNear ? near : new WinogradInput(factors, size, x, CHANNELS, CHUNK, BLOCK);
    }

    void run() {
        try (Workspace aside = Workspace.of(size.in() + size.out())) {
            long zeros = aside.at(0), outside = aside.at(size.in());
            Copy.zero(zeros, 4L * size.in());
            if (isNear) runNear(zeros, outside);
            else runChunks(zeros, outside);
        }
    }

    /** Each task goes all the way from inputs to outputs. */
    private void runNear(long zeros, long outside) {
        int panels = PackedB.panels(size.out()), parts = input.parts();
        try (Workspace memory = Workspace.of(panels * parts * part())) {
            Parallel.run(panels * parts, i -> {
                try (Workspace taps = Workspace.of(part())) {
                    transformWeights(i / parts, i % parts, taps.at(0), memory.at(i * part()));
                }
            });
            Parallel.run(Math.ceilDiv(input.tiles, input.chunk), i -> {
                int first = i * input.chunk, count = Math.min(input.chunk, input.tiles - first);
                Scratch scratch = SCRATCH.get();
                float[] numbers = input.numbers();
                input.transform(first, count, zeros, numbers);
                findOutputs(first, count, scratch, outside);
                for (int p = 0; p < panels; p++) {
                    for (int j = 0; j < parts; j++) multiplyPart(j, numbers, 0, count, memory.at((p * parts + j) * part()), scratch);
                    store(p, count, scratch);
                }
            });
        }
    }

    private void runChunks(long zeros, long outside) {
        int panels = PackedB.panels(size.out());
        float[] numbers = input.numbers();
        for (int from = 0; from < input.tiles; from += input.chunk) {
            int first = from;
            int count = Math.min(input.chunk, input.tiles - from);
            int blocks = Math.ceilDiv(count, BLOCK);
            int splits = Math.min(blocks, Math.ceilDiv(TASKS, panels));
            input.transform(first, count, zeros, numbers);
            Parallel.run(panels * splits, i -> {
                int row = blocks * (i % splits) / splits * BLOCK, end = blocks * (i % splits + 1) / splits * BLOCK;
                multiply(i / splits, first, row, Math.min(count, end), numbers, outside);
            });
        }
    }

    /** Floats of a panel's transformed weights for a part of the channels. */
    private long part() { return (long) POSITIONS * (input.depth * WIDTH + GAP); }

    /** Computes a panel of output channels of tiles row..end of the chunk. */
    private void multiply(int panel, int first, int row, int end, float[] numbers, long outside) {
        Scratch scratch = SCRATCH.get();
        long part = part();
        int kept = end - row > BLOCK ? input.parts() : 1; // further blocks use the weights transformed for the first
        try (Workspace memory = Workspace.of((kept + 1) * part)) {
            for (int from = row; from < end; from += BLOCK) {
                int count = Math.min(BLOCK, end - from);
                for (int i = 0; i < input.parts(); i++) {
                    long weights = memory.at(i % kept * part);
                    if (from == row) transformWeights(panel, i, memory.at(kept * part), weights);
                    multiplyPart(i, numbers, from, count, weights, scratch);
                }
                findOutputs(first + from, count, scratch, outside);
                store(panel, count, scratch);
            }
        }
    }

    private void transformWeights(int panel, int part, long taps, long to) {
        int columns = Math.min(WIDTH, size.out() - panel * WIDTH), channels = input.channels(part);
        long step = 4L * (input.depth * WIDTH + GAP);
        for (int t = 0; t < TAPS; t++) weight.pack(t, part * input.depth, channels, panel * WIDTH, columns, taps + t * step);
        WinogradLoops.FASTEST.weight(taps, channels * WIDTH / LANES, to, step);
        for (int p = 0; p < POSITIONS; p++) factors.roundPanel(to + p * step, channels, to + p * step);
    }

    private void multiplyPart(int part, float[] numbers, int row, int rows, long weights, Scratch scratch) {
        long step = 4L * (input.depth * WIDTH + GAP);
        int depth = factors.depth(input.channels(part));
        for (int p = 0; p < POSITIONS; p++) {
            int at = input.at(part, p, row), to = p * Panels.roundUp(rows) * WIDTH;
            if (part == 0) factors.kernel().tiles(rows, depth, numbers, at, weights + p * step, ZEROS, 0, 0, scratch.products, to);
            else multiplyAndAdd(depth, numbers, at, rows, weights + p * step, scratch, to);
        }
    }

    private void multiplyAndAdd(int depth, float[] numbers, int at, int rows, long panel, Scratch scratch, int to) {
        factors.kernel().tiles(rows, depth, numbers, at, panel, ZEROS, 0, 0, scratch.part, 0);
        for (int i = 0; i < rows * WIDTH; i += LANES) {
            FloatVector.fromArray(F, scratch.products, to + i).add(FloatVector.fromArray(F, scratch.part, i)).intoArray(scratch.products, to + i);
        }
    }

    private void findOutputs(int tile, int count, Scratch scratch, long outside) {
        for (int i = 0; i < count; i++) input.findOutputs(y, tile + i, scratch.pixels.address() + 8L * i * PIXELS, outside);
    }

    private void store(int panel, int count, Scratch scratch) {
        int step = Panels.roundUp(count) * WIDTH, channel = panel * WIDTH;
        int vectors = Math.min(WIDTH, size.out() - channel) / LANES;
        WinogradLoops.FASTEST.output(scratch.products, step, count, bias, 4L * channel, vectors, scratch.pixels.address());
    }
}
