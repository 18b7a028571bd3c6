package dev.faithdiff.restore.tiles;

import dev.faithdiff.image.Wrap;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.function.UnaryOperator;

/**
 * Tiles for a network whose pixels see only their neighbourhood. The network sees each tile with a margin of its surroundings, which is cut off
 * the result, and works on one tile at a time, so memory holds one tile (Real-ESRGAN RealESRGANer.tile_process). Sizes are in input pixels.
 *
 * @param wrap axes along which the surroundings go on beyond the edges; the source must give them
 */
public record CroppedTiles(int height, int width, int tile, int margin, Wrap wrap) {
    public CroppedTiles(int height, int width, int tile, int margin) { this(height, width, tile, margin, Wrap.NONE); }

    /** Runs a network over all tiles, top rows first. @param scale how many times larger the network's result is than its input */
    public void apply(TileSource source, UnaryOperator<Tensor> network, int scale, TileSink sink) {
        for (int y = 0; y < height; y += tile) {
            for (int x = 0; x < width; x += tile) sink.put(y * scale, x * scale, patch(source, network, scale, y, x));
        }
    }

    /** The number of tiles. */
    public int count() { return Math.ceilDiv(height, tile) * Math.ceilDiv(width, tile); }

    private Patch patch(TileSource source, UnaryOperator<Tensor> network, int scale, int y, int x) {
        int top = wrap.y() ? y - margin : Math.max(0, y - margin), left = wrap.x() ? x - margin : Math.max(0, x - margin);
        int h = Math.min(tile, height - y), w = Math.min(tile, width - x);
        int bottom = wrap.y() ? y + h + margin : Math.min(height, y + h + margin);
        int right = wrap.x() ? x + w + margin : Math.min(width, x + w + margin);
        try (Scope s = Scope.open()) {
            Tensor t = network.apply(source.part(top, left, bottom - top, right - left));
            t = s.replace(t, t.slice(1, (y - top) * scale, (y - top + h) * scale));
            t = t.slice(2, (x - left) * scale, (x - left + w) * scale);
            return new Patch(h * scale, w * scale, t.size(3), t.toFloats());
        }
    }
}
