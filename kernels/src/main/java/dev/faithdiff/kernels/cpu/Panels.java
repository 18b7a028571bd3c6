package dev.faithdiff.kernels.cpu;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * The shapes in which the micro-kernels take their operands, and the product of one block in them, on one thread.
 *
 * <p>A is a float[] of rows {@link #STRIDE} apart holding up to {@link #DEPTH} columns. B is a sequence of panels of {@link #WIDTH}
 * columns, each a dense [k][WIDTH] in native memory. Both are padded with zeros to whole tiles.
 */
final class Panels {
    /** Rows of a tile. */
    static final int ROWS = wideRegisterFile() ? 12 : 4;
    /** Columns of a tile and of a panel of B. */
    static final int WIDTH = 2 * LANES;
    /** Columns of A, rows of B that one block takes at most. */
    static final int DEPTH = 640;
    /** Distance of two rows of A: not a power of two, so that the rows of a tile fall into different cache sets. */
    static final int STRIDE = DEPTH + 16;

    /** Floats of a tile in the whole squares in which it is turned. */
    static final int ROOM = (ROWS + LANES - 1) / LANES * LANES * WIDTH;

    private static final float[] ZEROS = new float[ROWS * WIDTH];

    /** A tile, with room for the whole squares it is turned in. */
    private record Scratch(float[] tile, MemorySegment squares) {}

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(() -> new Scratch(
            new float[ROOM], Arena.ofAuto().allocate(2 * Transpose.BYTES, 64)));

    private Panels() {}

    private static boolean wideRegisterFile() { return LANES == 16 || System.getProperty("os.arch").equals("aarch64"); }

    /** Rows rounded up to whole tiles. */
    static int roundUp(int rows) { return (rows + ROWS - 1) / ROWS * ROWS; }

    /** Fills the rows from {@code rows} up to a whole tile with zeros. */
    static void padRows(float[] a, int rows, int depth) {
        for (int r = rows; r < roundUp(rows); r++) Arrays.fill(a, r * STRIDE, r * STRIDE + depth, 0);
    }

    /** One tile: {@code tile} = A B, with A at index {@code a}. */
    static void tile(int depth, float[] rows, int a, long panel, float[] tile) { tile(depth, rows, a, panel, ZEROS, 0, tile, 0); }

    /**
     * One tile: to[t..] = from[f..] + A B, for ROWS rows of A from index {@code a} on and a panel of B; a tile is a dense
     * ROWS x WIDTH, and may be added to in place. This is the product for kernels that keep their blocks to themselves.
     */
    static void tile(int depth, float[] rows, int a, long panel, float[] from, int f, float[] to, int t) {
        if (ROWS == 12) Tile12x2.multiply(depth, rows, a, panel, from, f, to, t);
        else Tile4x2.multiply(depth, rows, a, panel, from, f, to, t);
    }

    /** The same for A that lies turned: row r of its column k at index {@code a} + k * STRIDE + r. A null {@code from} counts as zeros. */
    static void tileTurned(int depth, float[] columns, int a, long panel, float[] from, int f, float[] to, int t) {
        if (from == null) tileTurned(depth, columns, a, panel, ZEROS, 0, to, t);
        else if (ROWS == 12) Tile12x2.multiplyTurned(depth, columns, a, panel, from, f, to, t);
        else Tile4x2.multiplyTurned(depth, columns, a, panel, from, f, to, t);
    }

    /** Stores the tile at {@code t}, behind which there is room for {@link #ROOM} floats, at C or, if {@code turned}, its columns as rows there. */
    static void store(float[] tiles, int t, int rows, int columns, boolean turned, long c, long stride) {
        if (turned) storeTurned(tiles, t, rows, columns, false, c, stride);
        else if (columns == WIDTH) store(tiles, t, rows, false, c, stride);
        else storeNarrow(tiles, t, rows, columns, false, c, stride);
    }

    /**
     * C = A B (+ bias), or C += A B (+ bias), for {@code rows} rows of A and {@code columns} columns of one panel.
     *
     * @param a rows of {@link #STRIDE}
     * @param bias numbers for whole panels, of which this one's begin at {@code biasAt}; or null
     * @param c address of C in native memory, its rows {@code stride} floats apart
     */
    static void multiply(int rows, int columns, int depth, float[] a, long panel, float[] bias, int biasAt,
            boolean add, long c, long stride) {
        float[] tile = SCRATCH.get().tile;
        for (int row = 0; row < rows; row += ROWS) {
            tile(depth, a, row * STRIDE, panel, tile);
            int height = Math.min(ROWS, rows - row);
            if (bias != null) addBias(tile, height, bias, biasAt);
            if (columns == WIDTH) store(tile, 0, height, add, c + 4 * row * stride, stride);
            else storeNarrow(tile, 0, height, columns, add, c + 4 * row * stride, stride);
        }
    }

    private static void addBias(float[] tile, int rows, float[] bias, int at) {
        for (int i = 0; i < rows * WIDTH; i += LANES) {
            FloatVector.fromArray(F, tile, i).add(FloatVector.fromArray(F, bias, at + i % WIDTH)).intoArray(tile, i);
        }
    }

    private static void store(float[] tile, int t, int rows, boolean add, long c, long stride) {
        for (int r = 0; r < rows; r++, c += 4 * stride) {
            for (int i = 0; i < WIDTH; i += LANES) {
                FloatVector v = FloatVector.fromArray(F, tile, t + r * WIDTH + i);
                Vec.store(add ? v.add(Vec.load(c + 4L * i)) : v, c + 4L * i);
            }
        }
    }

    private static void storeNarrow(float[] tile, int t, int rows, int columns, boolean add, long c, long stride) {
        for (int r = 0; r < rows; r++, c += 4 * stride) {
            for (int i = 0; i < columns; i++) {
                float v = tile[t + r * WIDTH + i];
                Vec.set(c + 4L * i, add ? v + Vec.get(c + 4L * i) : v);
            }
        }
    }

    /** C^T = A B (+ bias), or C^T += A B (+ bias): a row of A becomes a column of C, with one number of the bias. */
    static void multiplyTurned(int rows, int columns, int depth, float[] a, long panel, float[] bias, int biasAt,
            boolean add, long c, long stride) {
        Scratch scratch = SCRATCH.get();
        for (int row = 0; row < rows; row += ROWS) {
            tile(depth, a, row * STRIDE, panel, scratch.tile);
            int height = Math.min(ROWS, rows - row);
            if (bias != null) addBiasTurned(scratch.tile, height, bias, biasAt + row);
            storeTurned(scratch.tile, 0, height, columns, add, c + 4L * row, stride);
        }
    }

    /** Turns the tile and stores {@code columns} rows of {@code rows} numbers. */
    private static void storeTurned(float[] tile, int t, int rows, int columns, boolean add, long c, long stride) {
        long square = SCRATCH.get().squares.address(), turned = square + Transpose.BYTES;
        for (int r = 0; r < rows; r += LANES) {
            for (int i = 0; i < columns; i += LANES) {
                Transpose.square(tile, t + r * WIDTH + i, WIDTH, square, turned, 4L * LANES);
                storeTurned(turned, Math.min(LANES, columns - i), Math.min(LANES, rows - r), add, c + 4 * (i * stride + r), stride);
            }
        }
    }

    private static void addBiasTurned(float[] tile, int rows, float[] bias, int at) {
        for (int i = 0; i < rows * WIDTH; i += LANES) {
            FloatVector.fromArray(F, tile, i).add(bias[at + i / WIDTH]).intoArray(tile, i);
        }
    }

    private static void storeTurned(long turned, int rows, int columns, boolean add, long c, long stride) {
        VectorMask<Float> mask = F.indexInRange(0, columns);
        for (int r = 0; r < rows; r++, turned += 4L * LANES, c += 4 * stride) {
            FloatVector v = Vec.load(turned);
            if (add) v = v.add(FloatVector.fromMemorySegment(F, Vec.MEMORY, c, Vec.LE, mask));
            v.intoMemorySegment(Vec.MEMORY, c, Vec.LE, mask);
        }
    }
}
