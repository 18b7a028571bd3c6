package dev.faithdiff.restore.tiles;

import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.function.UnaryOperator;

/**
 * Overlapping tiles for a network that sees a whole image: worked on one at a time, each fading in linearly over the ones above and to the
 * left, so that memory holds one tile (diffusers AutoencoderKL tiled_encode and tiled_decode, FaithDiff's tiling of the LQ encoder).
 *
 * <p>As published, GroupNorm takes its statistics from a tile instead of the image, so tiles differ in colour, and much so with a small
 * model; a {@link #sample} lets them share statistics. All sizes are in latents, which makes them whole on both sides; the published ones fit
 * only when overlap times tile is whole on both.
 *
 * @param height     of the whole
 * @param tileHeight of a tile; those at the bottom may be smaller
 * @param overlap    of neighbouring tiles
 */
public record BlendedTiles(int height, int width, int tileHeight, int tileWidth, int overlap) {
    /** Overlap as a part of the tile, as published. */
    private static final int OVERLAP = 4;
    /** Parts of a sample along one side. */
    private static final int SAMPLES = 3;
    /** Smallest overlap and tile that {@link #fitting} chooses: the published overlap, and twice that. */
    private static final int LEAST_OVERLAP = 16, LEAST_TILE = 32;

    /** A part {@code [1, height, width, C]} of what is cut into tiles. */
    public interface Source {
        Tensor part(int top, int left, int height, int width);

        static Source of(Tensor x) { return (top, left, height, width) -> x.slice(1, top, top + height).slice(2, left, left + width); }
    }

    /** Takes the finished parts of the result, each once, rows first. */
    public interface Sink {
        void put(int top, int left, Patch part);

        /** Puts the parts together in a host tensor {@code [1, H, W, C]}. */
        static Sink into(Tensor whole) {
            long pixel = (long) whole.size(3) * Float.BYTES, pitch = whole.size(2) * pixel;
            return (top, left, p) -> {
                MemorySegment from = MemorySegment.ofArray(p.values());
                for (int y = 0; y < p.height(); y++) {
                    MemorySegment.copy(from, y * p.width() * pixel, whole.segment(), (top + y) * pitch + left * pixel, p.width() * pixel);
                }
            };
        }
    }

    public BlendedTiles {
        if (height < 1 || width < 1 || overlap < 0 || overlap >= tileHeight || overlap >= tileWidth) {
            throw new IllegalArgumentException("tiles of " + tileHeight + "x" + tileWidth + " cannot overlap by " + overlap + " on "
                    + height + "x" + width);
        }
    }

    public static BlendedTiles whole(int height, int width) { return new BlendedTiles(height, width, height, width, 0); }

    /** Square tiles that overlap by a quarter, the published default. */
    public static BlendedTiles square(int height, int width, int tile) {
        return new BlendedTiles(height, width, tile, tile, tile / OVERLAP);
    }

    /** The whole where it fits into {@code bytes}, else even tiles that do and overlap by a quarter of the largest that would fit. */
    public static BlendedTiles fitting(int height, int width, long bytesPerLatent, long bytes) {
        long latents = bytes / bytesPerLatent;
        if ((long) height * width <= latents) return whole(height, width);
        int most = Math.max(LEAST_TILE, (int) Math.sqrt(latents)), overlap = Math.max(LEAST_OVERLAP, most / OVERLAP);
        return new BlendedTiles(height, width, even(height, most, overlap), even(width, most, overlap), overlap);
    }

    /** The tile that cuts a side into as few pieces as {@code most} would, but leaves no sliver at the end. */
    private static int even(int side, int most, int overlap) {
        int pieces = Math.ceilDiv(side, most - overlap);
        return Math.ceilDiv(side, pieces) + overlap;
    }

    /**
     * Runs the network over all tiles.
     *
     * @param in  input elements along one side of a latent
     * @param out output elements along one side of a latent
     */
    public void run(Source source, int in, UnaryOperator<Tensor> network, int out, Sink sink) {
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

    /** How many there are. */
    public int count() { return Math.ceilDiv(height, tileHeight - overlap) * Math.ceilDiv(width, tileWidth - overlap); }

    /** A batch of parts spread evenly over the whole, no more than a tile together: what all tiles can take their statistics from. */
    public Tensor sample(Source source, int in) {
        int h = Math.min(height, tileHeight / SAMPLES), w = Math.min(width, tileWidth / SAMPLES);
        Tensor[] parts = new Tensor[SAMPLES * SAMPLES - 1];
        for (int i = 0; i < parts.length; i++) {
            parts[i] = source.part(at(i / SAMPLES, height - h) * in, at(i % SAMPLES, width - w) * in, h * in, w * in);
        }
        return source.part((height - h) * in, (width - w) * in, h * in, w * in).concat(0, parts);
    }

    private static int at(int part, int last) { return last * part / (SAMPLES - 1); }

    public boolean isWhole() { return height <= tileHeight - overlap && width <= tileWidth - overlap; }

    private static Patch patch(UnaryOperator<Tensor> network, Source source, int top, int left, int height, int width) {
        try (Scope _ = Scope.open()) {
            Tensor t = network.apply(source.part(top, left, height, width));
            return new Patch(t.size(1), t.size(2), t.size(3), t.toFloats());
        }
    }
}
