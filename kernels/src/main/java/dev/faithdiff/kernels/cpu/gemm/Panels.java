package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.Vec.F;
import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.kernels.cpu.Transpose;
import dev.faithdiff.kernels.cpu.Vec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * The layout of the micro-kernels' operands, and the product of one block in that layout, on one thread.
 *
 * <p>A is a float[] of rows {@link #STRIDE} apart with up to {@link #DEPTH} columns. B is a sequence of panels of {@link #WIDTH} columns, each a
 * dense [k][WIDTH] in native memory. Both are padded with zeros to whole tiles.
 */
public final class Panels {
    /** Rows of a tile. */
    public static final int ROWS = wideRegisterFile() ? 12 : 6;
    /** Columns of a tile and of a panel of B. */
    public static final int WIDTH = 2 * LANES;
    /** The most columns of A, and rows of B, of one block: 640 if a block has 96 rows, 1280 if it has 48. */
    public static final int DEPTH = 7680 / ROWS;
    /** Floats from one row of A to the next: not a power of two, so that the rows of a tile fall into different cache sets. */
    public static final int STRIDE = DEPTH + 16;

    /** The most rows of A of one block: whole tiles and whole vectors. A block has up to 240 KiB. */
    public static final int BLOCK = 8 * ROWS;
    /** Floats of the sums of a block and a panel. */
    public static final int SUMS = BLOCK * WIDTH;

    /** The micro-kernel of F32. */
    static final MicroKernel KERNEL = EmittedF32.isHere() ? new EmittedF32() : new VectorTiles();

    private static final float[] ZEROS = new float[ROWS * WIDTH];

    private static final ThreadLocal<MemorySegment> SQUARES = ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(2 * Transpose.BYTES, 64));

    private Panels() {}

    private static boolean wideRegisterFile() { return LANES == 16 || System.getProperty("os.arch").equals("aarch64"); }

    /** Rows rounded up to whole tiles. */
    public static int roundUp(int rows) { return (rows + ROWS - 1) / ROWS * ROWS; }

    /** Fills the rows from {@code rows} up to a whole tile with zeros. */
    public static void padRows(float[] a, int rows, int depth) {
        for (int r = rows; r < roundUp(rows); r++) Arrays.fill(a, r * STRIDE, r * STRIDE + depth, 0);
    }

    /**
     * to[t..] = add[f..] + A B, for {@code rows} rows of A from index {@code a} on and a panel of B. The result is a dense [rows][WIDTH], of whole
     * tiles; rows from {@code rows} on are undefined. All tiles add the same ROWS x WIDTH numbers.
     */
    public static void tiles(int rows, int depth, float[] from, int a, long panel, float[] add, int f, float[] to, int t) {
        KERNEL.tiles(rows, depth, from, a, panel, add, f, 0, to, t);
    }

    /** sums[at..] = A B, or += A B, for a block of rows of A and a panel of B; the sums are a dense [rows][WIDTH]. */
    public static void multiply(int rows, int depth, float[] a, long panel, boolean add, float[] sums, int at) {
        multiply(KERNEL, rows, depth, a, panel, add, sums, at);
    }

    /** The same with another micro-kernel. */
    static void multiply(MicroKernel kernel, int rows, int depth, float[] a, long panel, boolean add, float[] sums, int at) {
        if (add) kernel.tiles(rows, depth, a, 0, panel, sums, at, ROWS * WIDTH, sums, at);
        else kernel.tiles(rows, depth, a, 0, panel, ZEROS, 0, 0, sums, at);
    }

    /** One tile, sums[at..] = A B, or += A B, for A stored transposed: row r of column k is at index {@code a} + k * STRIDE + r. */
    public static void tileTransposed(int depth, float[] columns, int a, long panel, boolean add, float[] sums, int at) {
        float[] from = add ? sums : ZEROS;
        if (ROWS == 12) Tile12x2.multiplyTransposed(depth, columns, a, panel, from, add ? at : 0, sums, at);
        else Tile6x2.multiplyTransposed(depth, columns, a, panel, from, add ? at : 0, sums, at);
    }

    /** Adds a bias for each column to the sums of a block. */
    static void addBias(float[] sums, int at, int rows, float[] bias, int biasAt) {
        for (int i = 0; i < rows * WIDTH; i += LANES) {
            FloatVector.fromArray(F, sums, at + i).add(FloatVector.fromArray(F, bias, biasAt + i % WIDTH)).intoArray(sums, at + i);
        }
    }

    /** Adds a bias for each row to the sums of a block. */
    static void addBiasToRows(float[] sums, int at, int rows, float[] bias, int biasAt) {
        for (int i = 0; i < rows * WIDTH; i += LANES) {
            FloatVector.fromArray(F, sums, at + i).add(bias[biasAt + i / WIDTH]).intoArray(sums, at + i);
        }
    }

    /** C = sums, or C += sums, for the first {@code columns} of a panel. C is an address, with rows {@code stride} floats apart. */
    public static void store(float[] sums, int at, int rows, int columns, boolean add, long c, long stride) {
        for (int r = 0; r < rows; r++, at += WIDTH, c += 4 * stride) {
            if (columns == WIDTH) storeRow(sums, at, add, c);
            else storeNarrow(sums, at, columns, add, c);
        }
    }

    private static void storeRow(float[] sums, int at, boolean add, long c) {
        if (add) addRow(sums, at, c);
        else copyRow(sums, at, c);
    }

    /** Copies one row of a panel to an address. */
    static void copyRow(float[] row, int at, long to) {
        Vec.store(FloatVector.fromArray(F, row, at), to);
        Vec.store(FloatVector.fromArray(F, row, at + LANES), to + 4L * LANES);
    }

    private static void addRow(float[] row, int at, long to) {
        Vec.store(FloatVector.fromArray(F, row, at).add(Vec.load(to)), to);
        Vec.store(FloatVector.fromArray(F, row, at + LANES).add(Vec.load(to + 4L * LANES)), to + 4L * LANES);
    }

    private static void storeNarrow(float[] sums, int at, int columns, boolean add, long c) {
        for (int i = 0; i < columns; i++) {
            float v = sums[at + i];
            Vec.set(c + 4L * i, add ? v + Vec.get(c + 4L * i) : v);
        }
    }

    /** The same for C^T: a row of the block becomes a column of C. */
    public static void storeTransposed(float[] sums, int at, int rows, int columns, boolean add, long c, long stride) {
        long square = SQUARES.get().address(), transposed = square + Transpose.BYTES;
        for (int i = 0; i < columns; i += LANES) {
            for (int r = 0; r < rows; r += LANES) {
                int from = at + r * WIDTH + i;
                long to = c + 4 * (i * stride + r);
                if (!add && i + LANES <= columns && r + LANES <= rows) {
                    Transpose.square(sums, from, WIDTH, square, to, 4 * stride);
                } else {
                    Transpose.square(sums, from, WIDTH, square, transposed, 4L * LANES);
                    storeSquare(transposed, Math.min(LANES, columns - i), Math.min(LANES, rows - r), add, to, stride);
                }
            }
        }
    }

    private static void storeSquare(long square, int rows, int columns, boolean add, long c, long stride) {
        for (int r = 0; r < rows; r++, square += 4L * LANES, c += 4 * stride) {
            if (columns == LANES && add) {
                Vec.store(Vec.load(square).add(Vec.load(c)), c);
            } else if (columns == LANES) {
                Vec.store(Vec.load(square), c);
            } else {
                for (long i = 0; i < 4L * columns; i += 4) Vec.set(c + i, add ? Vec.get(square + i) + Vec.get(c + i) : Vec.get(square + i));
            }
        }
    }
}
