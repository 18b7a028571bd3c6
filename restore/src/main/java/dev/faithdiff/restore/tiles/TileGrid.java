package dev.faithdiff.restore.tiles;

import dev.faithdiff.image.Wrap;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Overlapping tiles of latents, which are merged with Gaussian weights (FaithDiff LocalAttention.grids and grids_inverse). All tiles have one
 * size. Positions and sizes are in latents.
 *
 * @param centred whether the weights are symmetric; else their centre is half a latent below the tile's, as mostly published
 */
public record TileGrid(int height, int width, int tileHeight, int tileWidth, boolean centred, List<Tile> tiles) {
    /** Top row and left column of a tile. */
    public record Tile(int row, int column) {}

    /**
     * Tiles of a size, or of the whole's where that is smaller.
     *
     * @param stride distance from tile to tile as a fraction of the tile (the published option is called overlap)
     */
    public static TileGrid of(int height, int width, int tileHeight, int tileWidth, double stride) {
        return of(height, width, tileHeight, tileWidth, stride, Wrap.NONE);
    }

    /** As above. Along the axes of {@code wrap} tiles go round: they lie evenly, at least two, and the last ones end at the other end. */
    public static TileGrid of(int height, int width, int tileHeight, int tileWidth, double stride, Wrap wrap) {
        int h = Math.min(tileHeight, height), w = Math.min(tileWidth, width);
        List<Integer> rows = wrap.y() ? around(height, h, stride) : starts(height, h, step(h, stride));
        List<Integer> columns = wrap.x() ? around(width, w, stride) : starts(width, w, step(w, stride));
        List<Tile> tiles = new ArrayList<>();
        for (int row : rows) for (int column : columns) tiles.add(new Tile(row, column));
        return new TileGrid(height, width, h, w, false, tiles);
    }

    /**
     * Square tiles that overlap by some latents; one tile if the whole has no more latents than a tile (OSEDiff, PiSA-SR). Tiles are no larger
     * than the whole's shorter side. If that is no longer than the overlap, they overlap by the same share as larger ones.
     */
    public static TileGrid square(int height, int width, int tile, int overlap, boolean centred) {
        if ((long) height * width <= (long) tile * tile) return new TileGrid(height, width, height, width, centred, List.of(new Tile(0, 0)));
        int side = Math.min(tile, Math.min(height, width));
        int step = Math.max(1, side > overlap ? side - overlap : side - side * overlap / tile);
        List<Tile> tiles = new ArrayList<>();
        for (int row : starts(height, side, step)) for (int column : starts(width, side, step)) tiles.add(new Tile(row, column));
        return new TileGrid(height, width, side, side, centred, tiles);
    }

    private static List<Integer> around(int size, int tile, double stride) {
        int count = Math.min(size, Math.max(2, Math.ceilDiv(size, step(tile, stride))));
        return IntStream.range(0, count).mapToObj(i -> (int) ((long) i * size / count)).toList();
    }

    private static int step(int tile, double stride) { return Math.max(1, (int) Math.ceil(tile * stride)); }

    /** The last tile is shifted back to end at the border. */
    private static List<Integer> starts(int size, int tile, int step) {
        if (tile == size) return List.of(0);
        List<Integer> starts = new ArrayList<>();
        for (int at = 0; ; at += step) {
            starts.add(Math.min(at, size - tile));
            if (at + tile >= size) return starts;
        }
    }

    /** A tile {@code [B, tileHeight, tileWidth, C]} of a whole {@code [B, height, width, C]}. */
    public Tensor cut(Tensor x, Tile t) { return TileSource.around(TileSource.around(x, 1, t.row, tileHeight), 2, t.column, tileWidth); }

    /** The weight of each latent of a tile, row-major. */
    public double[] weights() {
        double[] rows = gaussian(tileHeight, (centred ? tileHeight - 1 : tileHeight) / 2.0), columns = gaussian(tileWidth, (tileWidth - 1) / 2.0);
        double[] w = new double[tileHeight * tileWidth];
        for (int i = 0; i < w.length; i++) w[i] = rows[i / tileWidth] * columns[i % tileWidth];
        return w;
    }

    private static double[] gaussian(int size, double centre) {
        double variance = 0.01;
        double[] g = new double[size];
        for (int i = 0; i < size; i++) {
            double d = i - centre;
            g[i] = Math.exp(-d * d / ((double) size * size) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);
        }
        return g;
    }

    /** The whole {@code [B, height, width, C]} of tiles {@code [B, tileHeight, tileWidth, C]} in the order of {@link #tiles}. */
    public Tensor merge(List<Tensor> parts) {
        if (parts.size() == 1) return parts.getFirst();
        int b = parts.getFirst().size(0), c = parts.getFirst().size(3);
        double[] weights = weights();
        float[] sums = new float[b * height * width * c], total = new float[height * width];
        for (int k = 0; k < parts.size(); k++) {
            float[] v = parts.get(k).toFloats();
            Tile t = tiles.get(k);
            for (int i = 0; i < weights.length; i++) {
                int pixel = (t.row + i / tileWidth) % height * width + (t.column + i % tileWidth) % width;
                total[pixel] = (float) (total[pixel] + weights[i]);
                for (int n = 0; n < b; n++) {
                    for (int j = 0; j < c; j++) {
                        int at = (n * height * width + pixel) * c + j;
                        sums[at] = (float) (sums[at] + v[(n * weights.length + i) * c + j] * weights[i]);
                    }
                }
            }
        }
        for (int i = 0; i < sums.length; i++) sums[i] /= total[i / c % (height * width)];
        return Tensor.of(sums, b, height, width, c).to(parts.getFirst().device()).to(parts.getFirst().dtype());
    }
}
