package dev.faithdiff.restore.tiles;

import dev.faithdiff.nn.SideBySide;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Tiles that go through an autoencoder side by side, each with a margin of its surroundings that is cut off the result: the published tiles of
 * systems on Stable Diffusion (Tiled VAE). Sizes are in elements of the input.
 *
 * @param tile the largest side of a tile without its margins @param margin around each tile, where there is more of the image
 */
public record SideBySideTiles(int height, int width, int tile, int margin) {
    /** A part of the input with its margins, and within it that of which the result is taken. */
    public record Box(int top, int left, int bottom, int right, Inner inner) {}

    /** From the first row and column to those behind the last ones. */
    public record Inner(int top, int left, int bottom, int right) {}

    /** Multiples of these are preferred as sides. */
    private static final int LARGEST_DIVISOR = 32;

    /** Whether the image is too small for tiles. */
    public boolean isWhole() { return Math.max(height, width) <= tile + 2 * margin; }

    /** The tiles, row by row. */
    public List<Box> boxes() {
        List<Box> all = new ArrayList<>();
        int[] rows = starts(height), columns = starts(width);
        for (int i = 0; i + 1 < rows.length; i++) {
            for (int j = 0; j + 1 < columns.length; j++) {
                int top = rows[i], left = columns[j], bottom = rows[i + 1], right = columns[j + 1];
                Inner inner = new Inner(top > margin ? top : 0, left > margin ? left : 0, bottom < height - margin ? bottom : height,
                        right < width - margin ? right : width);
                all.add(new Box(Math.max(0, top - margin), Math.max(0, left - margin), Math.min(height, bottom + margin),
                        Math.min(width, right + margin), inner));
            }
        }
        return all;
    }

    /** Where tiles begin, and where the last one ends, without margins. */
    private int[] starts(int side) {
        int inside = side - 2 * margin, count = Math.max(1, Math.ceilDiv(inside, tile)), real = even(Math.ceilDiv(inside, count));
        int[] starts = new int[count + 1];
        for (int i = 0; i <= count; i++) starts[i] = i == 0 ? margin : Math.min(margin + i * real, side);
        return starts;
    }

    /** The next multiple of a power of two that is no more than a tile. */
    private int even(int side) {
        for (int divisor = LARGEST_DIVISOR; divisor > 1; divisor /= 2) {
            int multiple = Math.ceilDiv(side, divisor) * divisor;
            if (multiple == side || multiple <= tile) return multiple;
        }
        return side;
    }

    /**
     * Runs a network over all tiles.
     *
     * @param dtype type of activations
     * @param up    elements of the result along one side of {@code down} of the input
     * @param sink  takes the parts of the result
     */
    public void apply(TileSource source, DType dtype, Consumer<SideBySide> network, int up, int down, TileSink sink) {
        List<Box> boxes = boxes();
        try (Scope _ = Scope.open()) {
            List<Tensor> parts = boxes.stream().map(b -> source.part(b.top, b.left, b.bottom - b.top, b.right - b.left).to(dtype)).toList();
            try (SideBySide tiles = SideBySide.of(parts)) {
                network.accept(tiles);
                for (int i = 0; i < boxes.size(); i++) {
                    Box b = boxes.get(i);
                    Tensor t = tiles.tiles().get(i);
                    int top = b.inner.top * up / down, left = b.inner.left * up / down;
                    int h = b.inner.bottom * up / down - top, w = b.inner.right * up / down - left;
                    Patch whole = new Patch(t.size(1), t.size(2), t.size(3), t.toFloats());
                    sink.put(top, left, whole.part(top - b.top * up / down, left - b.left * up / down, h, w));
                }
            }
        }
    }
}
