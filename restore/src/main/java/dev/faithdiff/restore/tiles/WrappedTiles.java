package dev.faithdiff.restore.tiles;

import dev.faithdiff.image.Wrap;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.function.UnaryOperator;

/**
 * Tiles for a network that sees a whole image which goes on with its other end. The network sees {@link #MARGIN} latents more on both sides. What it
 * makes of those behind the last column is continued smoothly, so it fades into what it makes of the first columns: nothing shows where the ends
 * meet. Sizes are in latents.
 *
 * @param tiles of the enlarged whole
 */
public record WrappedTiles(int height, int width, Wrap wrap, BlendedTiles tiles) {
    /** The published overlap of tiles; half of it fades, and the other half keeps zeros beyond the edges away. */
    private static final int MARGIN = 16, FADE = MARGIN / 2;

    /** Chooses tiles by height and width. */
    @FunctionalInterface
    public interface Choice {
        BlendedTiles of(int height, int width);
    }

    /** @param tiles chosen for the whole, enlarged by the margins that this needs */
    public static WrappedTiles of(int height, int width, Wrap wrap, Choice tiles) {
        return new WrappedTiles(height, width, wrap, tiles.of(height + 2 * (wrap.y() ? MARGIN : 0), width + 2 * (wrap.x() ? MARGIN : 0)));
    }

    /** The number of tiles. */
    public int count() { return tiles.count(); }

    /**
     * Runs a network over all tiles.
     *
     * @param source goes on beyond its edges along the axes of the wrap
     * @param in     input elements along one side of a latent
     * @param out    output elements along one side of a latent
     * @param sink   takes the parts of the result
     */
    public void apply(TileSource source, int in, UnaryOperator<Tensor> network, int out, TileSink sink) {
        if (wrap == Wrap.NONE) {
            tiles.apply(source, in, network, out, sink);
            return;
        }
        int down = wrap.y() ? MARGIN : 0, right = wrap.x() ? MARGIN : 0;
        Ends rows = new Ends(true, wrap.y() ? height * out : 0, FADE * out, 0, width * out, sink);
        Ends columns = new Ends(false, wrap.x() ? width * out : 0, FADE * out, -down * out, tiles.height() * out, rows);
        tiles.apply((top, left, h, w) -> source.part(top - down * in, left - right * in, h, w), in, network, out,
                (top, left, part) -> columns.put(top - down * out, left - right * out, part));
        columns.finish();
        rows.finish();
    }

    /** As {@link #apply}, of a network of one element for each latent: F32 {@code [1, height, width, channels]} in host memory. */
    public Tensor collect(TileSource source, int in, UnaryOperator<Tensor> network, int channels, Runnable afterTile) {
        Tensor whole = Tensor.empty(Device.CPU, DType.F32, Shape.of(1, height, width, channels));
        apply(source, in, network, 1, TileSink.into(whole).then(afterTile));
        return whole;
    }

    /** Lets both ends of one axis fade into each other. Parts may lie beyond them. */
    private static final class Ends implements TileSink {
        private final boolean isRows;
        private final int side, fade, across, length;
        private final TileSink sink;
        /** The elements that fade. */
        private float[] strip;
        private int channels;

        /**
         * @param side   of the axis; 0: nothing is done
         * @param fade   elements that fade
         * @param across where elements begin along the other axis, and {@code length} how many there are
         */
        Ends(boolean isRows, int side, int fade, int across, int length, TileSink sink) {
            this.isRows = isRows;
            this.side = side;
            this.fade = Math.min(fade, side);
            this.across = across;
            this.length = length;
            this.sink = sink;
        }

        @Override public void put(int top, int left, Patch p) {
            int from = isRows ? top : left, count = isRows ? p.height() : p.width();
            if (side == 0) {
                sink.put(top, left, p);
                return;
            }
            int begin = Math.max(from, fade), end = Math.min(from + count, side);
            if (begin < end) {
                if (isRows) sink.put(begin, left, p.part(begin - from, 0, end - begin, p.width()));
                else sink.put(top, begin, p.part(0, begin - from, p.height(), end - begin));
            }
            int other = (isRows ? left : top) - across;
            for (int at = Math.max(from, 0); at < Math.min(from + count, fade); at++) add(at, (at + 0.5f) / fade, p, at - from, other);
            for (int at = Math.max(from, side); at < Math.min(from + count, side + fade); at++) {
                add(at - side, 1 - (at - side + 0.5f) / fade, p, at - from, other);
            }
        }

        /** Adds a row or column {@code line} of a part to that of the strip. @param begin where the part begins along the other axis of the strip */
        private void add(int at, float share, Patch p, int line, int begin) {
            channels = p.channels();
            if (strip == null) strip = new float[fade * length * channels];
            for (int i = 0; i < (isRows ? p.width() : p.height()); i++) {
                int from = (isRows ? line * p.width() + i : i * p.width() + line) * channels;
                int to = (isRows ? at * length + begin + i : (begin + i) * fade + at) * channels;
                for (int c = 0; c < channels; c++) strip[to + c] += share * p.values()[from + c];
            }
        }

        /** All parts are there. */
        void finish() {
            if (strip == null) return;
            if (isRows) sink.put(0, across, new Patch(fade, length, channels, strip));
            else sink.put(across, 0, new Patch(length, fade, channels, strip));
        }
    }
}
