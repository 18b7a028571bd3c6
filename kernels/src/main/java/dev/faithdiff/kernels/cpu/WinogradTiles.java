package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Panels.DEPTH;
import static dev.faithdiff.kernels.cpu.Panels.ROWS;
import static dev.faithdiff.kernels.cpu.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.Panels.WIDTH;
import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.WinogradTransforms.INPUTS;
import static dev.faithdiff.kernels.cpu.WinogradTransforms.OUTPUTS;
import static dev.faithdiff.kernels.cpu.WinogradTransforms.POSITIONS;

import jdk.incubator.vector.FloatVector;

/**
 * A 3x3 convolution of stride 1 by tiles of 4x4 outputs: all input tiles of a chunk are transformed, then each task multiplies
 * them, position by position, with the transformed weights of one panel of output channels and turns the products into outputs.
 *
 * <p>A chunk's transformed tiles are meant to stay in the third cache; a task's weights, for some channels at a time, and its
 * products in the second. Weights are transformed anew for each chunk, which costs as much as multiplying some 25 tiles.
 */
final class WinogradTiles {
    private static final int CHUNK = 2 << 20; // floats of transformed input at a time
    private static final int BLOCK = 96;      // tiles whose products a task holds at a time: 432 KiB
    private static final int CHANNELS = 96;   // multiplied at once: 432 KiB of weights; sums in parts also err half as much
    private static final int GAP = LANES;     // floats between positions, lest all fall into one cache set
    private static final int TASKS = 2 * Parallel.threads();
    private static final int TAPS = 9, TILE = ROWS * WIDTH;
    private static final float[] ZEROS = new float[TILE];

    /** A thread's own: one vector at all positions, a tile's pixels, the products of a block. */
    private record Scratch(float[] patch, long[] pixels, float[] tile, float[] products) {}

    private static final ThreadLocal<float[]> INPUT = ThreadLocal.withInitial(() -> new float[0]);
    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(() -> new Scratch(
            new float[POSITIONS * LANES], new long[POSITIONS], new float[TILE], new float[POSITIONS * Panels.roundUp(BLOCK) * WIDTH]));

    private final Conv.Size size;
    private final Matrix x, y;
    private final Taps weight;
    private final float[] bias;
    private final int tilesDown, tilesAcross, tiles;
    private final int depth;      // channels multiplied at once
    private final int chunk;      // tiles at a time
    private final int[][] places; // where the positions of each part of the channels begin in the transformed input
    private final float[] input;

    /** @param bias of whole panels */
    WinogradTiles(Conv.Size size, Matrix x, Taps weight, float[] bias, Matrix y) {
        this.size = size;
        this.x = x;
        this.weight = weight;
        this.bias = bias;
        this.y = y;
        tilesDown = tiles(size.outHeight());
        tilesAcross = tiles(size.outWidth());
        tiles = size.batch() * tilesDown * tilesAcross;
        int parts = Math.ceilDiv(size.in(), CHANNELS);
        depth = Math.ceilDiv(size.in() / LANES, parts) * LANES;
        int shared = DEPTH / depth, strips = Math.ceilDiv(POSITIONS * parts, shared); // a row of a strip holds several positions
        int chunks = Math.ceilDiv(tiles, Math.max(BLOCK, CHUNK / (strips * STRIDE)));
        chunk = Panels.roundUp(Math.ceilDiv(tiles, chunks));
        int strip = chunk * STRIDE + GAP;
        places = new int[parts][POSITIONS];
        for (int i = 0; i < POSITIONS * parts; i++) places[i / POSITIONS][i % POSITIONS] = i / shared * strip + i % shared * depth;
        if (INPUT.get().length < strips * strip) INPUT.set(new float[strips * strip]);
        input = INPUT.get();
    }

    /** Tiles of a convolution, in whole rows of the micro-kernel. */
    static int rows(Conv.Size s) { return Panels.roundUp(s.batch() * tiles(s.outHeight()) * tiles(s.outWidth())); }

    private static int tiles(int outputs) { return (outputs + OUTPUTS - 1) / OUTPUTS; }

    void run() {
        int panels = PackedB.panels(size.out());
        try (Workspace aside = Workspace.of(size.in() + size.out())) {
            long zeros = aside.at(0), outside = aside.at(size.in());
            for (int i = 0; i < size.in(); i++) Vec.set(aside.at(i), 0);
            for (int from = 0; from < tiles; from += chunk) {
                int first = from, count = Math.min(chunk, tiles - from), blocks = Math.ceilDiv(count, BLOCK);
                int splits = Math.min(blocks, Math.ceilDiv(TASKS, panels));
                Parallel.run(Math.ceilDiv(count, ROWS), i -> transform(first, i * ROWS, Math.min(count, (i + 1) * ROWS), zeros));
                Parallel.run(panels * splits, i -> {
                    int row = blocks * (i % splits) / splits * BLOCK, end = blocks * (i % splits + 1) / splits * BLOCK;
                    multiply(i / splits, first, row, Math.min(count, end), outside);
                });
            }
        }
    }

    /** Input tiles row..end of the chunk that begins with tile {@code first}. */
    private void transform(int first, int row, int end, long zeros) {
        Scratch scratch = SCRATCH.get();
        for (; row < end; row++) {
            findInputs(first + row, scratch.pixels, zeros);
            for (int c = 0; c < size.in(); c += LANES) {
                WinogradTransforms.input(scratch.pixels, 4L * c, scratch.patch, input, places[c / depth], row * STRIDE + c % depth);
            }
        }
    }

    private void findInputs(int tile, long[] pixels, long zeros) {
        int image = tile / (tilesDown * tilesAcross);
        int top = tile / tilesAcross % tilesDown * OUTPUTS - size.top(), left = tile % tilesAcross * OUTPUTS - size.left();
        for (int i = 0; i < POSITIONS; i++) {
            int iy = top + i / INPUTS, ix = left + i % INPUTS;
            boolean inside = iy >= 0 && iy < size.height() && ix >= 0 && ix < size.width();
            pixels[i] = inside ? x.at((image * size.height() + iy) * size.width() + ix, 0) : zeros;
        }
    }

    /** A panel of output channels of tiles row..end of the chunk. */
    private void multiply(int panel, int first, int row, int end, long outside) {
        Scratch scratch = SCRATCH.get();
        long part = (long) POSITIONS * (depth * WIDTH + GAP);
        int kept = end - row > BLOCK ? places.length : 1; // further blocks find the weights made for the first
        try (Workspace memory = Workspace.of((kept + 1) * part)) {
            for (int from = row; from < end; from += BLOCK) {
                int count = Math.min(BLOCK, end - from);
                for (int i = 0; i < places.length; i++) {
                    long weights = memory.at(i % kept * part);
                    if (from == row) transformWeights(panel, i, memory.at(kept * part), weights, scratch.patch);
                    multiplyPart(i, from, count, weights, scratch);
                }
                store(panel, first + from, count, scratch, outside);
            }
        }
    }

    private int channels(int part) { return Math.min(depth, size.in() - part * depth); }

    private void transformWeights(int panel, int part, long taps, long to, float[] patch) {
        int columns = Math.min(WIDTH, size.out() - panel * WIDTH), channels = channels(part);
        long step = 4L * (depth * WIDTH + GAP);
        for (int t = 0; t < TAPS; t++) weight.pack(t, part * depth, channels, panel * WIDTH, columns, taps + t * step);
        for (int i = 0; i < channels * WIDTH; i += LANES) WinogradTransforms.weight(taps + 4L * i, step, patch, to + 4L * i, step);
    }

    private void multiplyPart(int part, int row, int rows, long weights, Scratch scratch) {
        long step = 4L * (depth * WIDTH + GAP);
        for (int p = 0; p < POSITIONS; p++) {
            int at = places[part][p] + row * STRIDE, to = p * Panels.roundUp(rows) * WIDTH;
            if (part == 0) multiply(channels(part), at, rows, weights + p * step, scratch.products, to);
            else multiplyAndAdd(channels(part), at, rows, weights + p * step, scratch, to);
        }
    }

    private void multiply(int channels, int at, int rows, long panel, float[] products, int to) {
        for (int r = 0; r < rows; r += ROWS) {
            Panels.tile(Math.min(ROWS, rows - r), channels, input, at + r * STRIDE, panel, ZEROS, 0, products, to + r * WIDTH);
        }
    }

    private void multiplyAndAdd(int channels, int at, int rows, long panel, Scratch scratch, int to) {
        for (int r = 0; r < rows; r += ROWS) {
            Panels.tile(Math.min(ROWS, rows - r), channels, input, at + r * STRIDE, panel, ZEROS, 0, scratch.tile, 0);
            add(scratch.tile, scratch.products, to + r * WIDTH);
        }
    }

    private static void add(float[] tile, float[] to, int at) {
        for (int i = 0; i < TILE; i += LANES) {
            FloatVector.fromArray(F, to, at + i).add(FloatVector.fromArray(F, tile, i)).intoArray(to, at + i);
        }
    }

    private void store(int panel, int tile, int count, Scratch scratch, long outside) {
        int step = Panels.roundUp(count) * WIDTH, channel = panel * WIDTH, end = Math.min(channel + WIDTH, size.out());
        for (int i = 0; i < count; i++) {
            findOutputs(tile + i, scratch.pixels, outside);
            for (int c = channel; c < end; c += LANES) {
                int at = i * WIDTH + c - channel;
                WinogradTransforms.output(scratch.products, at, step, scratch.patch, bias, c, scratch.pixels, 4L * c);
            }
        }
    }

    private void findOutputs(int tile, long[] pixels, long outside) {
        int height = size.outHeight(), width = size.outWidth(), image = tile / (tilesDown * tilesAcross);
        int top = tile / tilesAcross % tilesDown * OUTPUTS, left = tile % tilesAcross * OUTPUTS;
        for (int i = 0; i < OUTPUTS * OUTPUTS; i++) {
            int oy = top + i / OUTPUTS, ox = left + i % OUTPUTS;
            pixels[i] = oy < height && ox < width ? y.at((image * height + oy) * width + ox, 0) : outside;
        }
    }
}
