package dev.faithdiff.restore.stablesr;

import dev.faithdiff.image.FloatImage;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.restore.tiles.TileGrid.Tile;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The pieces in which a large image is restored, each as if it were an image of its own. As all have one size and take the same steps, the latents of
 * one piece lie below those of another, as one whole.
 *
 * @param grid of the image's pixels
 */
record Pieces(TileGrid grid) {
    /** Pieces of a size or, along a side that is shorter, of that. @param stride from piece to piece as a share of the piece */
    static Pieces of(FloatImage image, int side, double stride) { return new Pieces(TileGrid.of(image.height(), image.width(), side, side, stride)); }

    int count() { return grid.tiles().size(); }

    int height() { return grid.tileHeight(); }

    int width() { return grid.tileWidth(); }

    FloatImage cut(FloatImage image, int piece) {
        Tile t = grid.tiles().get(piece);
        return image.part(t.column(), t.row(), width(), height());
    }

    /** The image of restored pieces, which overlap with Gaussian weights. */
    FloatImage merged(List<FloatImage> pieces) {
        if (pieces.size() == 1) return pieces.getFirst();
        return FloatImage.of(grid.merge(pieces.stream().map(FloatImage::toTensor).toList()));
    }

    /** Tiles within each of the pieces, whose latents are a whole. @param h of the latents of a piece */
    TileGrid tiles(int h, int w, int tile, double stride) {
        TileGrid one = TileGrid.of(h, w, tile, tile, stride);
        List<Tile> all = new ArrayList<>();
        for (int i = 0; i < count(); i++) for (Tile t : one.tiles()) all.add(new Tile(i * h + t.row(), t.column()));
        return new TileGrid(count() * h, w, one.tileHeight(), one.tileWidth(), one.centred(), all);
    }

    /** The same tensor {@code [1, h, w, C]} for each piece. */
    Tensor each(Tensor x) { return whole(IntStream.range(0, count()).mapToObj(_ -> x).toList()); }

    /** The whole {@code [1, pieces * h, w, C]} of the pieces' tensors {@code [1, h, w, C]}. */
    Tensor whole(List<Tensor> parts) {
        return parts.size() == 1 ? parts.getFirst() : parts.getFirst().concat(1, parts.subList(1, parts.size()).toArray(Tensor[]::new));
    }

    /** A piece of such a whole. */
    Tensor part(Tensor whole, int piece) {
        int h = whole.size(1) / count();
        return whole.slice(1, piece * h, (piece + 1) * h);
    }
}
