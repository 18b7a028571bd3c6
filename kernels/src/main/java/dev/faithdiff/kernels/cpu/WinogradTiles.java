package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Panels.DEPTH;
import static dev.faithdiff.kernels.cpu.Panels.ROWS;
import static dev.faithdiff.kernels.cpu.Panels.STRIDE;
import static dev.faithdiff.kernels.cpu.Panels.WIDTH;
import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.WinogradTransforms.INPUTS;
import static dev.faithdiff.kernels.cpu.WinogradTransforms.OUTPUTS;
import static dev.faithdiff.kernels.cpu.WinogradTransforms.POSITIONS;

/**
 * A 3x3 convolution of stride 1 by tiles of 4x4 outputs: all input tiles of a chunk are transformed, then each task multiplies
 * them, position by position, with the transformed weights of one panel of output channels and turns the products into outputs.
 *
 * <p>A chunk's transformed tiles, and the weights of each thread, are meant to stay in the third cache, the products of a block of
 * tiles in the second. Weights are transformed anew for each chunk: that costs as much as multiplying five tiles.
 */
final class WinogradTiles {
    private static final int CHUNK = 6 << 20; // floats of transformed input at a time
    private static final int BLOCK = 96;      // tiles whose products a task holds at a time: 432 KiB
    private static final int TASKS = 2 * Parallel.threads();
    private static final float[] ZEROS = new float[ROWS * WIDTH];

    /** A thread's own: one vector at all positions, a tile's pixels, the products of a block. */
    private record Scratch(float[] patch, long[] pixels, float[] products) {}

    private static final ThreadLocal<float[]> INPUT = ThreadLocal.withInitial(() -> new float[0]);
    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(() -> new Scratch(
            new float[POSITIONS * LANES], new long[POSITIONS], new float[POSITIONS * Panels.roundUp(BLOCK) * WIDTH]));

    private final Conv.Size size;
    private final Matrix x, y;
    private final Rows weight;
    private final float[] bias;
    private final int tilesDown, tilesAcross, tiles;
    private final int depth;    // channels multiplied at once
    private final int strips;   // of columns of the transformed input
    private final int chunk;    // tiles at a time
    private final int strip;    // floats from one strip to the next
    private final int[] places; // where positions begin
    private final float[] input;

    /** @param bias of whole panels */
    WinogradTiles(Conv.Size size, Matrix x, Matrix weight, float[] bias, Matrix y) {
        this.size = size;
        this.x = x;
        this.weight = Rows.of(weight);
        this.bias = bias;
        this.y = y;
        tilesDown = tiles(size.outHeight());
        tilesAcross = tiles(size.outWidth());
        tiles = size.batch() * tilesDown * tilesAcross;
        int parts = (size.in() + DEPTH - 1) / DEPTH, shared = Math.max(1, DEPTH / size.in());
        depth = Math.ceilDiv(size.in() / LANES, parts) * LANES;
        strips = Math.ceilDiv(POSITIONS, shared) * parts;
        int most = Math.max(BLOCK, CHUNK / (strips * STRIDE));
        chunk = Panels.roundUp(Math.ceilDiv(tiles, Math.ceilDiv(tiles, most)));
        strip = chunk * STRIDE + LANES; // not a multiple of a page, where all positions would fall into one cache set
        places = new int[POSITIONS];
        for (int p = 0; p < POSITIONS; p++) places[p] = p / shared * parts * strip + p % shared * size.in();
        if (INPUT.get().length < strips * strip) INPUT.set(new float[strips * strip]);
        input = INPUT.get();
    }

    static int tiles(int outputs) { return (outputs + OUTPUTS - 1) / OUTPUTS; }

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
                    int split = i % splits;
                    multiply(i / splits, first, blocks * split / splits * BLOCK, Math.min(count, blocks * (split + 1) / splits * BLOCK), outside);
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
                int at = row * STRIDE + c / depth * strip + c % depth;
                WinogradTransforms.input(scratch.pixels, 4L * c, scratch.patch, input, places, at);
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
        long weights = (long) POSITIONS * size.in() * WIDTH;
        Scratch scratch = SCRATCH.get();
        try (Workspace memory = Workspace.of(weights + 9L * size.in() * WIDTH)) {
            transformWeights(panel, memory.at(weights), memory.at(0), scratch.patch);
            for (; row < end; row += BLOCK) {
                int count = Math.min(BLOCK, end - row);
                multiplyBlock(row, Panels.roundUp(count) / ROWS, memory.at(0), scratch.products);
                store(panel, first + row, count, scratch, outside);
            }
        }
    }

    private void transformWeights(int panel, long packed, long to, float[] patch) {
        int in = size.in();
        PackB.turn(weight, panel * WIDTH, Math.min(WIDTH, size.out() - panel * WIDTH), 9 * in, packed);
        for (int i = 0; i < in * WIDTH; i += LANES) {
            WinogradTransforms.weight(packed + 4L * i, 4L * WIDTH * in, patch, to + 4L * i, 4L * WIDTH * in);
        }
    }

    private void multiplyBlock(int row, int groups, long weights, float[] products) {
        for (int p = 0; p < POSITIONS; p++) {
            for (int k = 0; k < size.in(); k += depth) {
                long panel = weights + 4L * WIDTH * (p * size.in() + k);
                int at = places[p] + k / depth * strip + row * STRIDE;
                multiplyPosition(Math.min(depth, size.in() - k), at, groups, panel, k == 0, products, p * groups * ROWS * WIDTH);
            }
        }
    }

    private void multiplyPosition(int depth, int at, int groups, long panel, boolean first, float[] products, int to) {
        for (int g = 0; g < groups; g++, at += ROWS * STRIDE, to += ROWS * WIDTH) {
            Panels.tile(depth, input, at, panel, first ? ZEROS : products, first ? 0 : to, products, to);
        }
    }

    private void store(int panel, int tile, int count, Scratch scratch, long outside) {
        int step = Panels.roundUp(count) * WIDTH, channel = panel * WIDTH, channels = Math.min(WIDTH, size.out() - channel);
        for (int i = 0; i < count; i++) {
            findOutputs(tile + i, scratch.pixels, outside);
            for (int c = 0; c < channels; c += LANES) {
                WinogradTransforms.output(scratch.products, i * WIDTH + c, step, scratch.patch, bias, channel + c, scratch.pixels, 4L * (channel + c));
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
