package dev.faithdiff.restore.tiles;

import dev.faithdiff.nn.SharedStatistics;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.function.UnaryOperator;

/**
 * Overlapping tiles for a network that sees a whole image. The network works on one tile at a time, so memory holds one tile; each tile fades
 * in linearly over its neighbours above and to the left (diffusers AutoencoderKL tiled_encode and tiled_decode, FaithDiff's tiling of the LQ
 * encoder).
 *
 * <p>Sizes are in latents, so that tiles are whole numbers of latents and of pixels. The published tile sizes fit only where overlap times tile
 * is whole in both.
 *
 * @param height           of the whole
 * @param tileHeight       of a tile; those at the bottom may be smaller
 * @param overlap          of neighbouring tiles
 * @param sharesStatistics true: GroupNorm takes its statistics from a sample of the whole, the same for all tiles; false: from each tile, as
 *                         published, so that tiles differ in colour, and much so with a small model
 */
public record BlendedTiles(int height, int width, int tileHeight, int tileWidth, int overlap, boolean sharesStatistics) {
    /** The published overlap is a tile divided by this. */
    private static final int OVERLAP = 4;
    /** Parts of a sample along one side. */
    private static final int SAMPLES = 3;
    /** The smallest overlap and the smallest tile that {@link #fitting} chooses: the published overlap, and twice that. */
    private static final int LEAST_OVERLAP = 16, LEAST_TILE = 32;

    public BlendedTiles {
        if (height < 1 || width < 1 || overlap < 0 || overlap >= tileHeight || overlap >= tileWidth) {
            throw new IllegalArgumentException("tiles of " + tileHeight + "x" + tileWidth + " cannot overlap by " + overlap + " on "
                    + height + "x" + width);
        }
    }

    /** One tile. */
    public static BlendedTiles whole(int height, int width) { return new BlendedTiles(height, width, height, width, 0, false); }

    /** Square tiles that overlap by a quarter, with statistics of their own: the published default. */
    public static BlendedTiles square(int height, int width, int tile) {
        return new BlendedTiles(height, width, tile, tile, tile / OVERLAP, false);
    }

    /**
     * The whole where it fits into {@code bytes}. Else tiles that fit and share their statistics: they are of nearly equal size and overlap by
     * a quarter of the largest tile that would fit.
     */
    public static BlendedTiles fitting(int height, int width, long bytesPerLatent, long bytes) {
        long latents = bytes / bytesPerLatent;
        if ((long) height * width <= latents) return whole(height, width);
        int most = Math.max(LEAST_TILE, (int) Math.sqrt(latents)), overlap = Math.max(LEAST_OVERLAP, most / OVERLAP);
        return new BlendedTiles(height, width, even(height, most, overlap), even(width, most, overlap), overlap, true);
    }

    /** The tile that cuts a side into as few pieces as {@code most} would, but leaves no sliver at the end. */
    private static int even(int side, int most, int overlap) {
        int pieces = Math.ceilDiv(side, most - overlap);
        return Math.ceilDiv(side, pieces) + overlap;
    }

    /**
     * Runs a network over all tiles.
     *
     * @param in   input elements along one side of a latent
     * @param out  output elements along one side of a latent
     * @param sink takes the blended parts of the result
     */
    public void apply(TileSource source, int in, UnaryOperator<Tensor> network, int out, TileSink sink) {
        if (!sharesStatistics || isWhole()) {
            blend(source, in, network, out, sink);
            return;
        }
        try (SharedStatistics statistics = new SharedStatistics()) {
            try (Scope _ = Scope.open()) {
                statistics.run(() -> network.apply(sample(source, in)));
            }
            blend(source, in, part -> statistics.run(() -> network.apply(part)), out, sink);
        }
    }

    private void blend(TileSource source, int in, UnaryOperator<Tensor> network, int out, TileSink sink) {
        int down = tileHeight - overlap, right = tileWidth - overlap;
        Patch[] above = new Patch[Math.ceilDiv(width, right)];
        for (int y = 0; y < height; y += down) {
            Patch left = null;
            for (int x = 0; x < width; x += right) {
                Patch p = patch(network, source, y * in, x * in, Math.min(tileHeight, height - y) * in, Math.min(tileWidth, width - x) * in);
                if (y > 0) p.fadeFromAbove(above[x / right], overlap * out);
                if (x > 0) p.fadeFromLeft(left, overlap * out);
                sink.put(y * out, x * out, p.topLeft(down * out, right * out));
                above[x / right] = p.lastRows(overlap * out);
                left = p;
            }
        }
    }

    /** The number of tiles. */
    public int count() { return Math.ceilDiv(height, tileHeight - overlap) * Math.ceilDiv(width, tileWidth - overlap); }

    /** A batch of parts spread evenly over the whole, together no larger than a tile. */
    private Tensor sample(TileSource source, int in) {
        int h = Math.min(height, tileHeight / SAMPLES), w = Math.min(width, tileWidth / SAMPLES);
        Tensor[] parts = new Tensor[SAMPLES * SAMPLES - 1];
        for (int i = 0; i < parts.length; i++) {
            parts[i] = source.part(at(i / SAMPLES, height - h) * in, at(i % SAMPLES, width - w) * in, h * in, w * in);
        }
        return source.part((height - h) * in, (width - w) * in, h * in, w * in).concat(0, parts);
    }

    private static int at(int part, int last) { return last * part / (SAMPLES - 1); }

    /** Whether there is one tile. */
    public boolean isWhole() { return height <= tileHeight - overlap && width <= tileWidth - overlap; }

    private static Patch patch(UnaryOperator<Tensor> network, TileSource source, int top, int left, int height, int width) {
        try (Scope _ = Scope.open()) {
            Tensor t = network.apply(source.part(top, left, height, width));
            return new Patch(t.size(1), t.size(2), t.size(3), t.toFloats());
        }
    }
}
