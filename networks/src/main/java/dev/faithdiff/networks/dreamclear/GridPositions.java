package dev.faithdiff.networks.dreamclear;

/** PixArt's fixed positions: sines and cosines of column and row, stretched to one grid whatever the size. */
final class GridPositions {
    private static final float SCALE = 2;

    private GridPositions() {}

    /** {@code [rows * columns, width]}, row-major: of each token the column's sines and cosines, then the row's. */
    static float[] of(int rows, int columns, DreamClearConfig c) {
        int width = c.width(), quarter = width / 4;
        float[] all = new float[rows * columns * width];
        for (int token = 0; token < rows * columns; token++) {
            float column = token % columns / (float) ((double) columns / c.grid()) / SCALE;
            float row = token / columns / (float) ((double) rows / c.grid()) / SCALE;
            for (int i = 0; i < quarter; i++) {
                double omega = 1 / Math.pow(10000, (double) i / quarter);
                int at = token * width + i;
                all[at] = (float) Math.sin(column * omega);
                all[at + quarter] = (float) Math.cos(column * omega);
                all[at + 2 * quarter] = (float) Math.sin(row * omega);
                all[at + 3 * quarter] = (float) Math.cos(row * omega);
            }
        }
        return all;
    }
}
