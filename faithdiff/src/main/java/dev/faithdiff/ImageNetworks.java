package dev.faithdiff;

import dev.faithdiff.image.Image;
import dev.faithdiff.networks.align.AlignedUNet;
import dev.faithdiff.networks.vae.Encoder;
import dev.faithdiff.nn.SharedStatistics;
import dev.faithdiff.restore.tiles.BlendedTiles;
import dev.faithdiff.restore.tiles.BlendedTiles.Sink;
import dev.faithdiff.restore.tiles.BlendedTiles.Source;
import dev.faithdiff.restore.tiles.CroppedTiles;
import dev.faithdiff.restore.tiles.RgbSink;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.function.UnaryOperator;

/** The networks that see an image at its full size, in tiles where asked for or where memory ends. Heights and widths are in latents. */
final class ImageNetworks {
    /** Of the free memory; the rest is for what kernels keep and for the image itself. */
    private static final double SHARE = 0.5;

    /** Maps of the features' size that computing the condition holds at its peak. */
    private static final int CONDITION_MAPS = 3;
    /** The smallest part that the condition is computed in. */
    private static final int LEAST_PART = 32;

    private final Model model;
    private final int tile, down;
    private final long bytes;
    private final Runnable afterTile;

    /** @param tile side of a tile in pixels; 0: the whole image where it fits into the free memory, else as large tiles as do */
    ImageNetworks(Model model, int tile) { this(model, tile, budget(model)); }

    /** What a network may hold now. */
    static long budget(Model model) { return (long) (SHARE * model.device.freeBytes()); }

    /** @param bytes what a network may hold */
    ImageNetworks(Model model, int tile, long bytes) {
        this(model, tile / model.vae.config().downscale(), bytes, () -> {});
    }

    /** @param tile in latents */
    private ImageNetworks(Model model, int tile, long bytes, Runnable afterTile) {
        this.model = model;
        this.tile = tile;
        this.bytes = bytes;
        this.afterTile = afterTile;
        down = model.vae.config().downscale();
    }

    /** The same networks, which run a task after each tile. */
    ImageNetworks afterTile(Runnable task) { return new ImageNetworks(model, tile, bytes, task); }

    /** LQ features {@code [1, h, w, C]}; as published, an image between a tile's stride and the tile is cut into tiles, too. */
    Tensor features(Source image, int h, int w) {
        return encode(featureTiles(h, w), image, model.unet::features, model.unet.config().conditionChannels());
    }

    /** The tiles that {@link #features} works in. */
    BlendedTiles featureTiles(int h, int w) {
        if (tile > 0) return BlendedTiles.square(h, w, tile);
        return fitting(h, w, Encoder.bytesPerPixel(model.unet.config().encoderChannels()[0]));
    }

    /**
     * What the alignment takes of a whole image's features {@code [1, h, w, C]}, in parts where memory ends: with the whole's statistics and
     * all that a part sees around it, so that the cut changes no more than rounding.
     */
    Tensor condition(Tensor features) {
        int h = features.size(1), w = features.size(2), reach = AlignedUNet.CONDITION_REACH;
        long latents = bytes / (CONDITION_MAPS * features.size(3) * model.dtype.bytes());
        if ((long) h * w <= latents) return model.unet.condition(features.to(model.dtype));
        int part = Math.max(LEAST_PART, (int) Math.sqrt(latents) - 2 * reach);
        try (SharedStatistics statistics = new SharedStatistics(); Scope s = Scope.open()) {
            model.unet.measure(features, statistics);
            Tensor whole = Tensor.empty(Device.CPU, DType.F32, Shape.of(1, h, w, model.unet.config().embeddingChannels()));
            new CroppedTiles(h, w, part, reach).run(Source.of(features),
                    x -> statistics.run(() -> model.unet.condition(x.to(model.dtype))), 1, Sink.into(whole));
            return s.keep(whole.to(model.device).to(model.dtype));
        }
    }

    /** Mean and log variance {@code [1, h, w, 2*latentChannels]} of an image's latents. */
    Tensor encode(Source image, int h, int w) {
        return encode(encodeTiles(h, w), image, model.vae::encode, 2 * model.vae.config().latentChannels());
    }

    /** The tiles that {@link #encode} works in. */
    BlendedTiles encodeTiles(int h, int w) { return tiles(h, w, model.vae.config().encodeBytes()); }

    private Tensor encode(BlendedTiles tiles, Source image, UnaryOperator<Tensor> network, int channels) {
        try (Scope s = Scope.open()) {
            Tensor whole = Tensor.empty(Device.CPU, DType.F32, Shape.of(1, tiles.height(), tiles.width(), channels));
            run(tiles, image, down, network, 1, Sink.into(whole));
            return s.keep(whole.to(model.device));
        }
    }

    /** The image of the last latents with 8 or 16 bits a sample, of which only the bytes are held as a whole. */
    Image decode(Tensor latents, int bits) {
        RgbSink image = RgbSink.of((long) latents.size(2) * down, (long) latents.size(1) * down, bits);
        decode(latents, image);
        return image.image();
    }

    /** A photo plus {@code strength} times what the latents' change from {@code before} changes in the decoded image; its bits are the photo's. */
    Image decodeChange(Tensor before, Tensor latents, Image photo, double strength) {
        RgbSink image = RgbSink.of(photo.width(), photo.height(), photo.bits());
        int c = latents.size(3);
        try (Scope _ = Scope.open()) {
            Source both = Source.of(latents.concat(3, before).mul(1 / model.vae.config().scaling()));
            UnaryOperator<Tensor> change = z -> model.vae.decode(z.slice(3, 0, c)).sub(model.vae.decode(z.slice(3, c, 2 * c))).mul((float) strength);
            Sink sink = (top, left, part) -> image.put(top, left, part.plus(photo, top, left));
            run(decodeTiles(latents.size(1), latents.size(2)), both, 1, change, down, sink);
        }
        return image.image();
    }

    /** The image's parts {@code [H, W, 3]}, nominally -1..1. */
    void decode(Tensor latents, Sink sink) {
        try (Scope _ = Scope.open()) {
            Source z = Source.of(latents.mul(1 / model.vae.config().scaling()));
            run(decodeTiles(latents.size(1), latents.size(2)), z, 1, model.vae::decode, down, sink);
        }
    }

    /** The tiles that {@link #decode} works in. */
    BlendedTiles decodeTiles(int h, int w) { return tiles(h, w, model.vae.config().decodeBytes()); }

    /** Tiles of the autoencoder; as published, an image no larger than a tile is not cut. */
    private BlendedTiles tiles(int h, int w, long bytesPerPixel) {
        if (tile == 0) return fitting(h, w, bytesPerPixel);
        return h <= tile && w <= tile ? BlendedTiles.whole(h, w) : BlendedTiles.square(h, w, tile);
    }

    private BlendedTiles fitting(int h, int w, long bytesPerPixel) {
        return BlendedTiles.fitting(h, w, bytesPerPixel * model.dtype.bytes() / Float.BYTES * down * down, bytes);
    }

    /** Tiles chosen here share their statistics and so show no seams; those asked for have their own, as published. */
    private void run(BlendedTiles tiles, Source source, int in, UnaryOperator<Tensor> onType, int out, Sink sink) {
        UnaryOperator<Tensor> network = part -> onType.apply(part.to(model.dtype));
        Sink told = (top, left, part) -> {
            sink.put(top, left, part);
            afterTile.run();
        };
        if (tile > 0 || tiles.isWhole()) {
            tiles.run(source, in, network, out, told);
            return;
        }
        try (SharedStatistics statistics = new SharedStatistics()) {
            try (Scope _ = Scope.open()) {
                statistics.run(() -> network.apply(tiles.sample(source, in)));
            }
            tiles.run(source, in, part -> statistics.run(() -> network.apply(part)), out, told);
        }
    }
}
