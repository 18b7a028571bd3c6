package dev.faithdiff.kernels.cpu.conv;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.INPUTS;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.OUTPUTS;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.POSITIONS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.DEPTH;
import static dev.faithdiff.kernels.cpu.gemm.Panels.ROWS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;

import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.gemm.Matrix;
import dev.faithdiff.kernels.cpu.gemm.Panels;

/**
 * The transformed input of a 3x3 convolution of stride 1, in tiles of 4x4 outputs, a chunk of tiles at a time. A row of {@link #numbers} is a tile at
 * several of Winograd's positions, so that micro-kernels can take it as rows, or as columns of a transposed operand.
 */
final class WinogradInput {
    private static final int GAP = LANES; // floats between positions, so that they do not all fall into one cache set

    private static final ThreadLocal<float[]> NUMBERS = ThreadLocal.withInitial(() -> new float[0]);
    private static final ThreadLocal<float[]> PATCH = ThreadLocal.withInitial(() -> new float[POSITIONS * LANES]);
    private static final ThreadLocal<long[]> PIXELS = ThreadLocal.withInitial(() -> new long[POSITIONS]);

    /** Tiles down, across, and in total. */
    final int down, across, tiles;
    /** The most channels of a part; a part is multiplied at once. */
    final int depth;
    /** Tiles of a chunk. */
    final int chunk;
    /** The transformed chunk, in memory of the calling thread. */
    final float[] numbers;

    private final Conv.Size size;
    private final Matrix x;
    private final int[][] places; // where the positions of each part of the channels begin in the first row

    /**
     * @param channels the most channels of a part
     * @param floats   the floats of a chunk
     * @param least    the fewest tiles of a chunk, even if they take more floats
     */
    WinogradInput(Conv.Size size, Matrix x, int channels, int floats, int least) {
        this.size = size;
        this.x = x;
        down = tiles(size.outHeight());
        across = tiles(size.outWidth());
        tiles = size.batch() * down * across;
        int parts = Math.ceilDiv(size.in(), channels);
        depth = Math.ceilDiv(size.in() / LANES, parts) * LANES;
        int shared = DEPTH / depth, strips = Math.ceilDiv(POSITIONS * parts, shared);
        int chunks = Math.ceilDiv(tiles, Math.max(least, floats / (strips * STRIDE)));
        chunk = Panels.roundUp(Math.ceilDiv(tiles, chunks));
        int strip = chunk * STRIDE + GAP;
        places = new int[parts][POSITIONS];
        for (int i = 0; i < POSITIONS * parts; i++) places[i / POSITIONS][i % POSITIONS] = i / shared * strip + i % shared * depth;
        if (NUMBERS.get().length < strips * strip) NUMBERS.set(new float[strips * strip]);
        numbers = NUMBERS.get();
    }

    /** Tiles of a convolution, rounded up to whole tiles of the micro-kernel. */
    static int rows(Conv.Size s) { return Panels.roundUp(s.batch() * tiles(s.outHeight()) * tiles(s.outWidth())); }

    private static int tiles(int outputs) { return (outputs + OUTPUTS - 1) / OUTPUTS; }

    int parts() { return places.length; }

    /** Channels of a part. */
    int channels(int part) { return Math.min(depth, size.in() - part * depth); }

    /** Index in {@link #numbers} of a tile of the chunk at a position, for one part of the channels. */
    int at(int part, int position, int tile) { return places[part][position] + tile * STRIDE; }

    /** Transforms the chunk of {@code count} tiles from {@code first} on, on all threads. @param zeros address of a zero for each channel */
    void transform(int first, int count, long zeros) {
        Parallel.run(Math.ceilDiv(count, ROWS), i -> {
            long[] pixels = PIXELS.get();
            float[] patch = PATCH.get();
            for (int row = i * ROWS; row < Math.min(count, (i + 1) * ROWS); row++) {
                findPixels(first + row, pixels, zeros);
                for (int c = 0; c < size.in(); c += LANES) {
                    WinogradTransforms.input(pixels, 4L * c, patch, numbers, places[c / depth], row * STRIDE + c % depth);
                }
            }
        });
    }

    private void findPixels(int tile, long[] pixels, long zeros) {
        int image = tile / (down * across);
        int top = tile / across % down * OUTPUTS - size.top(), left = tile % across * OUTPUTS - size.left();
        for (int i = 0; i < POSITIONS; i++) {
            int iy = top + i / INPUTS, ix = left + i % INPUTS;
            boolean inside = iy >= 0 && iy < size.height() && ix >= 0 && ix < size.width();
            pixels[i] = inside ? x.at((image * size.height() + iy) * size.width() + ix, 0) : zeros;
        }
    }

    /** Finds the addresses of a tile's 4x4 pixels in a map of the result's size; {@code outside} stands for pixels beyond its edge. */
    void findOutputs(Matrix y, int tile, long[] pixels, long outside) {
        int height = size.outHeight(), width = size.outWidth(), image = tile / (down * across);
        int top = tile / across % down * OUTPUTS, left = tile % across * OUTPUTS;
        for (int i = 0; i < OUTPUTS * OUTPUTS; i++) {
            int oy = top + i / OUTPUTS, ox = left + i % OUTPUTS;
            pixels[i] = oy < height && ox < width ? y.at((image * height + oy) * width + ox, 0) : outside;
        }
    }
}
