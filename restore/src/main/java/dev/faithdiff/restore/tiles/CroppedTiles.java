package dev.faithdiff.restore.tiles;

import dev.faithdiff.restore.tiles.BlendedTiles.Sink;
import dev.faithdiff.restore.tiles.BlendedTiles.Source;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.function.UnaryOperator;

/**
 * Tiles that a network sees with a margin of their surroundings, which is cut off its result: worked on one at a time, so that memory
 * holds one tile (Real-ESRGAN RealESRGANer.tile_process). Sizes are in input pixels.
 */
public record CroppedTiles(int height, int width, int tile, int margin) {
    /** Runs a network whose result is {@code scale} times as large over all tiles, rows first. */
    public void run(Source source, UnaryOperator<Tensor> network, int scale, Sink sink) {
        for (int y = 0; y < height; y += tile) {
            for (int x = 0; x < width; x += tile) sink.put(y * scale, x * scale, patch(source, network, scale, y, x));
        }
    }

    public int count() { return Math.ceilDiv(height, tile) * Math.ceilDiv(width, tile); }

    private Patch patch(Source source, UnaryOperator<Tensor> network, int scale, int y, int x) {
        int top = Math.max(0, y - margin), left = Math.max(0, x - margin);
        int h = Math.min(tile, height - y), w = Math.min(tile, width - x);
        int bottom = Math.min(height, y + h + margin), right = Math.min(width, x + w + margin);
        try (Scope s = Scope.open()) {
            Tensor t = network.apply(source.part(top, left, bottom - top, right - left));
            t = s.replace(t, t.slice(1, (y - top) * scale, (y - top + h) * scale));
            t = t.slice(2, (x - left) * scale, (x - left + w) * scale);
            return new Patch(h * scale, w * scale, t.size(3), t.toFloats());
        }
    }
}
