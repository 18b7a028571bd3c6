package dev.faithdiff.kernels.cpu.conv;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.Vec.SIDE;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.INPUTS;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.OUTPUTS;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.POSITIONS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.DEPTH;
import static dev.faithdiff.kernels.cpu.gemm.Panels.ROWS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.STRIDE;

import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.gemm.Factors;
import dev.faithdiff.kernels.cpu.gemm.Matrix;
import dev.faithdiff.kernels.cpu.gemm.Panels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The transformed input of a 3x3 convolution of stride 1, in tiles of 4x4 outputs, a chunk of tiles at a time. A row of {@link #numbers} is a tile at
 * several of Winograd's positions, so that micro-kernels can take it as rows, or as columns of a transposed operand.
 */
final class WinogradInput {
    private static final int GAP = LANES; // floats between positions, so that they do not all fall into one cache set

    private static final ThreadLocal<float[]> NUMBERS = ThreadLocal.withInitial(() -> new float[0]);
    /** A thread's addresses of the pixels of a task's tiles. */
    private static final ThreadLocal<MemorySegment> PIXELS = ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(8L * ROWS * POSITIONS, 8));

    /** Tiles down, across, and in total. */
    final int down, across, tiles;
    /** The most channels of a part; a part is multiplied at once. */
    final int depth;
    /** Tiles of a chunk, and its floats. */
    final int chunk, floats;

    private final Factors factors;
    private final Conv.Size size;
    private final Matrix x;
    private final int parts, zoom;
    private final MemorySegment places; // byte offsets at which the positions of each part of the channels begin in the first row

    /**
     * @param x        the map, or one of half its height and width, of which each pixel stands for four
     * @param factors  the form of the transformed numbers
     * @param channels the most channels of a part
     * @param floats   the floats of a chunk
     * @param least    the fewest tiles of a chunk, even if they take more floats
     */
    WinogradInput(Factors factors, Conv.Size size, Matrix x, int channels, int floats, int least) {
        this.factors = factors;
        this.size = size;
        this.x = x;
        zoom = x.rows() < size.batch() * size.height() * size.width() ? 2 : 1;
        down = tiles(size.outHeight());
        across = tiles(size.outWidth());
        tiles = tiles(size);
        int parts = Math.ceilDiv(size.in(), channels);
        depth = Math.ceilDiv(size.in() / SIDE, parts) * SIDE;
        int shared = DEPTH / depth, strips = Math.ceilDiv(POSITIONS * parts, shared);
        int chunks = Math.ceilDiv(tiles, Math.max(least, floats / (strips * STRIDE)));
        chunk = Panels.roundUp(Math.ceilDiv(tiles, chunks));
        int strip = chunk * STRIDE + GAP;
        this.parts = parts;
        places = Arena.ofAuto().allocate(8L * POSITIONS * parts, 8);
        for (int i = 0; i < POSITIONS * parts; i++) Vec.setNumber(places.address(), i, 4L * (i / shared * strip + i % shared * depth));
        this.floats = strips * strip;
    }

    /** Room for a chunk in memory of the calling thread, with undefined contents. */
    float[] numbers() {
        if (NUMBERS.get().length < floats) NUMBERS.set(new float[floats]);
        return NUMBERS.get();
    }

    /** Tiles of a convolution. */
    static int tiles(Conv.Size s) { return s.batch() * tiles(s.outHeight()) * tiles(s.outWidth()); }

    private static int tiles(int outputs) { return (outputs + OUTPUTS - 1) / OUTPUTS; }

    int parts() { return parts; }

    /** Channels of a part. */
    int channels(int part) { return Math.min(depth, size.in() - part * depth); }

    /** Index in {@link #numbers} of a tile of the chunk at a position, for one part of the channels. */
    int at(int part, int position, int tile) { return (int) (Vec.number(places(part), position) / 4) + tile * STRIDE; }

    private long places(int part) { return places.address() + 8L * part * POSITIONS; }

    /** Transforms the chunk of {@code count} tiles from {@code first} on, on all threads. @param zeros address of a zero for each channel */
    void transform(int first, int count, long zeros, float[] to) {
        Parallel.run(Math.ceilDiv(count, ROWS), i -> transform(first, i * ROWS, Math.min(count, (i + 1) * ROWS), zeros, to));
    }

    private void transform(int first, int row, int end, long zeros, float[] to) {
        int rows = end - row;
        long pixels = PIXELS.get().address();
        for (int r = 0; r < rows; r++) findPixels(first + row + r, pixels + 8L * r * POSITIONS, zeros);
        for (int p = 0; p < parts; p++) {
            if (factors.isPaired()) {
                WinogradLoops.FASTEST.inputBf16(pixels, rows, 4L * p * depth, channels(p) / LANES, to, row * STRIDE, places(p));
                continue;
            }
            WinogradLoops.FASTEST.input(pixels, rows, 4L * p * depth, channels(p) / LANES, to, row * STRIDE, places(p));
            for (int at = 0; at < POSITIONS; at++) factors.round(to, at(p, at, row), rows, channels(p));
        }
    }

    private void findPixels(int tile, long pixels, long zeros) {
        int image = tile / (down * across);
        int top = tile / across % down * OUTPUTS - size.top(), left = tile % across * OUTPUTS - size.left();
        for (int i = 0; i < POSITIONS; i++) {
            int iy = top + i / INPUTS, ix = left + i % INPUTS;
            boolean inside = iy >= 0 && iy < size.height() && ix >= 0 && ix < size.width();
            Vec.setNumber(pixels, i, inside ? x.at((image * (size.height() / zoom) + iy / zoom) * (size.width() / zoom) + ix / zoom, 0) : zeros);
        }
    }

    /** Writes the addresses of a tile's 4x4 pixels in a map of the result's size to a list; {@code outside} stands for pixels beyond its edge. */
    void findOutputs(Matrix y, int tile, long pixels, long outside) {
        int height = size.outHeight(), width = size.outWidth(), image = tile / (down * across);
        int top = tile / across % down * OUTPUTS, left = tile % across * OUTPUTS;
        for (int i = 0; i < OUTPUTS * OUTPUTS; i++) {
            int oy = top + i / OUTPUTS, ox = left + i % OUTPUTS;
            Vec.setNumber(pixels, i, oy < height && ox < width ? y.at((image * height + oy) * width + ox, 0) : outside);
        }
    }
}
