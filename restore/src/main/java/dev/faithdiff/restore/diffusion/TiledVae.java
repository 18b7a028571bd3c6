package dev.faithdiff.restore.diffusion;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.Wrap;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.restore.tiles.BlendedTiles;
import dev.faithdiff.restore.tiles.RgbSink;
import dev.faithdiff.restore.tiles.TileSink;
import dev.faithdiff.restore.tiles.TileSource;
import dev.faithdiff.restore.tiles.WrappedTiles;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.function.UnaryOperator;

/**
 * An autoencoder for images of any size, in tiles where asked for or where memory ends. Heights and widths are in latents. Latents are on the
 * scale of the diffusion, that is, times the autoencoder's scaling factor.
 */
public final class TiledVae {
    private final Vae vae;
    private final Device device;
    private final DType dtype;
    private final int down, tile;
    private final long bytes;
    private final Wrap wrap;

    /** For images that end at their edges. */
    public TiledVae(Vae vae, Device device, DType dtype, int tile, long bytes) { this(vae, device, dtype, tile, bytes, Wrap.NONE); }

    /**
     * @param dtype the type of activations
     * @param tile  side of the published tiles in pixels; 0: the whole image where that fits into {@code bytes}, else tiles that fit
     * @param bytes what the encoder or decoder may hold
     * @param wrap  axes along which images go on with their other end; an encoded image must then be given beyond its edges
     */
    public TiledVae(Vae vae, Device device, DType dtype, int tile, long bytes, Wrap wrap) {
        this.vae = vae;
        this.device = device;
        this.dtype = dtype;
        this.bytes = bytes;
        this.wrap = wrap;
        down = vae.config().downscale();
        this.tile = tile / down;
    }

    /** Mean and log variance {@code [1, h, w, 2*latentChannels]} of an image's latents, not scaled. @param afterTile is run after each tile */
    public Tensor encode(TileSource image, int h, int w, Runnable afterTile) {
        try (Scope s = Scope.open()) {
            int channels = 2 * vae.config().latentChannels();
            return s.keep(encodeTiles(h, w).collect(image, down, x -> vae.encode(x.to(dtype)), channels, afterTile).to(device));
        }
    }

    /** The tiles that {@link #encode} works in. */
    public WrappedTiles encodeTiles(int h, int w) { return tiles(h, w, vae.config().encodeBytes()); }

    /** The image of latents, with 8 or 16 bits a sample. Only its samples are held as a whole. @param afterTile is run after each tile */
    public Image decode(Tensor latents, int bits, Runnable afterTile) {
        RgbSink image = RgbSink.of((long) latents.size(2) * down, (long) latents.size(1) * down, bits);
        decode(latents, image.then(afterTile));
        return image.image();
    }

    /** Decodes latents to the parts {@code [height, width, 3]} of an image, nominally -1..1. */
    public void decode(Tensor latents, TileSink sink) {
        try (Scope _ = Scope.open()) {
            TileSource z = TileSource.of(latents.mul(1 / vae.config().scaling()), wrap);
            decodeTiles(latents.size(1), latents.size(2)).apply(z, 1, x -> vae.decode(x.to(dtype)), down, sink);
        }
    }

    /**
     * A photo plus {@code strength} times the difference between two decoded images, so that the autoencoder's own losses cancel out. The
     * result has the photo's bits a sample.
     *
     * @param before    latents that stand for the photo
     * @param after     latents that stand for the result
     * @param afterTile is run after each tile
     */
    public Image decodeChange(Tensor before, Tensor after, Image photo, double strength, Runnable afterTile) {
        RgbSink image = RgbSink.of(photo.width(), photo.height(), photo.bits());
        int c = after.size(3);
        try (Scope _ = Scope.open()) {
            TileSource both = TileSource.of(after.concat(3, before).mul(1 / vae.config().scaling()), wrap);
            UnaryOperator<Tensor> change = x -> {
                Tensor z = x.to(dtype);
                return vae.decode(z.slice(3, 0, c)).sub(vae.decode(z.slice(3, c, 2 * c))).mul((float) strength);
            };
            TileSink sum = (top, left, part) -> image.put(top, left, part.plus(photo, top, left));
            decodeTiles(after.size(1), after.size(2)).apply(both, 1, change, down, sum.then(afterTile));
        }
        return image.image();
    }

    /** The tiles that {@link #decode} works in. */
    public WrappedTiles decodeTiles(int h, int w) { return tiles(h, w, vae.config().decodeBytes()); }

    private WrappedTiles tiles(int h, int w, long bytesPerPixel) {
        return WrappedTiles.of(h, w, wrap, (height, width) -> blended(height, width, bytesPerPixel));
    }

    /** As published, an image no larger than an asked-for tile is not cut. */
    private BlendedTiles blended(int h, int w, long bytesPerPixel) {
        if (tile == 0) return BlendedTiles.fitting(h, w, bytesPerPixel * dtype.bytes() / Float.BYTES * down * down, bytes);
        return h <= tile && w <= tile ? BlendedTiles.whole(h, w) : BlendedTiles.square(h, w, tile);
    }
}
