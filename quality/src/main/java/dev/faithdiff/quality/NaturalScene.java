package dev.faithdiff.quality;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * NIQE's 36 features of each block of 96 x 96 pixels, 18 of the block and 18 of the block at half the size; blocks column by column.
 *
 * @param features  {@code [blocks][36]}; a feature is NaN where a block has no value on one side of zero
 * @param sharpness by block, its mean local standard deviation
 */
record NaturalScene(double[][] features, double[] sharpness) {
    static final int BLOCK = 96, FEATURES = 36;
    /** Rows and columns by which a block is turned before it is multiplied with itself. */
    private static final int[][] TURNS = {{0, 1}, {1, 0}, {1, 1}, {1, -1}};
    /** MATLAB's bicubic kernel, stretched to half the size. */
    private static final double[] HALF = {-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5};
    static {
        for (int k = 0; k < HALF.length; k++) {
            double d = Math.abs(HALF[k]) / 2;
            HALF[k] = (d <= 1 ? (1.5 * d - 2.5) * d * d + 1 : ((-0.5 * d + 2.5) * d - 4) * d + 2) / 2;
        }
    }

    /** Of the whole blocks from the top left corner of a plane of levels. @param isSingle see {@link LocalContrast#of} */
    static NaturalScene of(double[] plane, int width, int height, boolean isSingle) {
        int across = width / BLOCK, down = height / BLOCK, w = across * BLOCK, h = down * BLOCK;
        double[] whole = new double[w * h];
        for (int y = 0; y < h; y++) System.arraycopy(plane, y * width, whole, y * w, w);
        double[] half = half(whole, w, h, isSingle);
        LocalContrast full = LocalContrast.of(whole, w, h, isSingle), small = LocalContrast.of(half, w / 2, h / 2, isSingle);
        NaturalScene scene = new NaturalScene(new double[across * down][FEATURES], new double[across * down]);
        IntStream.range(0, across * down).parallel().forEach(b -> {
            int x = b / down, y = b % down;
            describe(block(full.normal(), w, x, y, BLOCK), BLOCK, scene.features[b], 0);
            describe(block(small.normal(), w / 2, x, y, BLOCK / 2), BLOCK / 2, scene.features[b], FEATURES / 2);
            scene.sharpness[b] = Arrays.stream(block(full.deviation(), w, x, y, BLOCK)).average().orElseThrow();
        });
        return scene;
    }

    private static double[] block(double[] plane, int w, int x, int y, int side) {
        double[] block = new double[side * side];
        for (int row = 0; row < side; row++) System.arraycopy(plane, (y * side + row) * w + x * side, block, row * side, side);
        return block;
    }

    private static void describe(double[] block, int side, double[] features, int at) {
        Asymmetric fit = Asymmetric.fit(block);
        features[at++] = fit.shape();
        features[at++] = fit.meanWidth();
        for (int[] turn : TURNS) {
            double[] products = new double[block.length];
            for (int i = 0; i < products.length; i++) {
                products[i] = block[i] * block[Math.floorMod(i / side - turn[0], side) * side + Math.floorMod(i % side - turn[1], side)];
            }
            fit = Asymmetric.fit(products);
            for (double f : new double[] {fit.shape(), fit.mean(), fit.left(), fit.right()}) features[at++] = f;
        }
    }

    /** Half the size as MATLAB's imresize makes it, in float32 on 0..1, the image continued by its mirror image. */
    static double[] half(double[] in, int w, int h, boolean isSingle) {
        double[] unit = new double[in.length], rows = new double[in.length / 2], out = new double[in.length / 4];
        for (int i = 0; i < in.length; i++) unit[i] = (float) in[i] / 255f;
        for (int i = 0; i < rows.length; i++) {
            for (int k = 0; k < HALF.length; k++) rows[i] += HALF[k] * unit[mirrored(i / w * 2 + k - 3, h) * w + i % w];
            rows[i] = (float) rows[i];
        }
        for (int i = 0; i < out.length; i++) {
            for (int k = 0; k < HALF.length; k++) out[i] += HALF[k] * rows[i / (w / 2) * w + mirrored(i % (w / 2) * 2 + k - 3, w)];
            out[i] = isSingle ? (float) out[i] * 255f : (float) out[i] * 255.0;
        }
        return out;
    }

    private static int mirrored(int i, int n) { return i < 0 ? -1 - i : i >= n ? 2 * n - 1 - i : i; }
}
