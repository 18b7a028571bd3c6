package dev.faithdiff.kernels.cpu.gemm;

import static dev.faithdiff.kernels.cpu.Vec.LANES;

import dev.faithdiff.kernels.cpu.Tuning;
import java.util.Arrays;

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
    /** The most columns of A, and rows of B, of one block; never below 512, a head's width. */
    public static final int DEPTH = Tuning.GEMM_DEPTH.of(640);
    /** Floats from one row of A to the next: not a power of two, so that the rows of a tile fall into different cache sets. */
    public static final int STRIDE = DEPTH + 16;

    /** The most rows of A of one block: whole tiles and whole vectors. A block has up to 240 KiB where nothing was tuned. */
    public static final int BLOCK = Tuning.GEMM_BLOCK.of(96);
    /** Floats of the sums of a block and a panel. */
    public static final int SUMS = BLOCK * WIDTH;

    /** The micro-kernel of F32. */
    static final MicroKernel KERNEL = EmittedF32.isHere() ? new EmittedF32() : new VectorTiles();

    private static final float[] ZEROS = new float[ROWS * WIDTH];

    private Panels() {}

    private static boolean wideRegisterFile() { return LANES == 16 || System.getProperty("os.arch").equals("aarch64"); }

    /** Rows rounded up to whole tiles. */
    public static int roundUp(int rows) { return (rows + ROWS - 1) / ROWS * ROWS; }

    /** Fills the rows from {@code rows} up to a whole tile with zeros. */
    public static void padRows(float[] a, int rows, int depth) {
        for (int r = rows; r < roundUp(rows); r++) Arrays.fill(a, r * STRIDE, r * STRIDE + depth, 0);
    }

    /** sums[at..] = A B, or += A B, for a block of rows of A and a panel of B; the sums are a dense [rows][WIDTH]. */
    public static void multiply(MicroKernel kernel, int rows, int depth, float[] a, long panel, boolean add, float[] sums, int at) {
        if (add) kernel.tiles(rows, depth, a, 0, panel, sums, at, ROWS * WIDTH, sums, at);
        else kernel.tiles(rows, depth, a, 0, panel, ZEROS, 0, 0, sums, at);
    }

    /** The same for rows of A where they lie, {@code stride} bytes apart. */
    static void unpacked(MicroKernel kernel, int rows, int depth, long a, long stride, long panel, boolean add, float[] sums, int at) {
        if (add) kernel.unpacked(rows, depth, a, stride, panel, sums, at, ROWS * WIDTH, sums, at);
        else kernel.unpacked(rows, depth, a, stride, panel, ZEROS, 0, 0, sums, at);
    }

    /** sums = A B in F32 for rows of A from an index on. */
    static void multiply(int rows, int depth, float[] a, int from, long panel, float[] sums) {
        KERNEL.tiles(rows, depth, a, from, panel, ZEROS, 0, 0, sums, 0);
    }

    /** One tile, sums[at..] = A B, or += A B, for A stored transposed: row r of column k is at index {@code a} + k * STRIDE + r. */
    public static void tileTransposed(int depth, float[] columns, int a, long panel, boolean add, float[] sums, int at) {
        float[] from = add ? sums : ZEROS;
        if (ROWS == 12) Tile12x2.multiplyTransposed(depth, columns, a, panel, from, add ? at : 0, sums, at);
        else Tile6x2.multiplyTransposed(depth, columns, a, panel, from, add ? at : 0, sums, at);
    }
}
