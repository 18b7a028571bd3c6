package dev.faithdiff;

import dev.faithdiff.image.Wrap;
import dev.faithdiff.networks.align.AlignedUNet;
import dev.faithdiff.networks.vae.Encoder;
import dev.faithdiff.nn.SharedStatistics;
import dev.faithdiff.restore.Finite;
import dev.faithdiff.restore.tiles.BlendedTiles;
import dev.faithdiff.restore.tiles.CroppedTiles;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.restore.tiles.TileSink;
import dev.faithdiff.restore.tiles.TileSource;
import dev.faithdiff.restore.tiles.WrappedTiles;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * The condition that a photo of any size gives the U-Net: the LQ encoder's features, and what the alignment makes of them. It is computed in
 * tiles where asked for or where memory ends. Heights and widths are in latents.
 */
final class TiledCondition {
    /** Maps of the features' size that computing the condition holds at its peak. */
    private static final int CONDITION_MAPS = 3;
    /** The smallest part that the condition is computed in. */
    private static final int LEAST_PART = 32;

    private final Model model;
    private final int down, tile;
    private final long bytes;
    private final Wrap wrap;

    /** Of images that end at their edges. */
    TiledCondition(Model model, int tile, long bytes) { this(model, tile, bytes, Wrap.NONE); }

    /**
     * @param tile  side of the LQ encoder's tiles in pixels; 0: the whole image where that fits into {@code bytes}, else tiles that fit
     * @param bytes what the networks may hold
     * @param wrap  axes along which images go on with their other end
     */
    TiledCondition(Model model, int tile, long bytes, Wrap wrap) {
        this.model = model;
        this.bytes = bytes;
        this.wrap = wrap;
        down = model.vae.config().downscale();
        this.tile = tile / down;
    }

    /**
     * The condition {@code [1, tileHeight, tileWidth, C]} by the number of a tile.
     *
     * @param image     the photo, {@code [1, H, W, 3]} in -1..1
     * @param grid      the U-Net's tiles
     * @param afterTile is run after each of the {@link #featureTiles}
     */
    IntFunction<Tensor> of(TileSource image, TileGrid grid, FaithDiff.Condition kind, Runnable afterTile) {
        if (kind == FaithDiff.Condition.TILE) return ofTiles(checkedFeatures(image, grid, afterTile), grid);
        try (Scope s = Scope.open()) {
            Tensor features = checkedFeatures(image, grid, afterTile);
            Tensor whole = s.keep(Finite.require(() -> ofImage(features), "the alignment module"));
            return tile -> grid.cut(whole, grid.tiles().get(tile));
        }
    }

    private Tensor checkedFeatures(TileSource image, TileGrid grid, Runnable afterTile) {
        return Finite.require(() -> features(image, grid.height(), grid.width(), afterTile), "the LQ encoder");
    }

    /** LQ features {@code [1, h, w, C]} of an image. */
    Tensor features(TileSource image, int h, int w, Runnable afterTile) {
        try (Scope s = Scope.open()) {
            int channels = model.unet.config().conditionChannels();
            return s.keep(featureTiles(h, w).collect(image, down, x -> model.unet.features(x.to(model.dtype)), channels, afterTile).to(model.device));
        }
    }

    /** The LQ encoder's tiles. As published, an image between a tile's stride and the tile is cut into tiles, too. */
    WrappedTiles featureTiles(int h, int w) {
        long bytesPerPixel = Encoder.bytesPerPixel(model.unet.config().encoderChannels()[0]);
        long bytesPerLatent = bytesPerPixel * model.dtype.bytes() / Float.BYTES * down * down;
        return WrappedTiles.of(h, w, wrap, (height, width) -> tile > 0 ? BlendedTiles.square(height, width, tile)
                : BlendedTiles.fitting(height, width, bytesPerLatent, bytes));
    }

    /** Each tile's condition, made of its own features alone, as published. @param features of the whole image */
    IntFunction<Tensor> ofTiles(Tensor features, TileGrid grid) {
        List<Tensor> conditions = IntStream.range(0, grid.tiles().size()).mapToObj(tile -> ofTile(features, grid, tile)).toList();
        return conditions::get;
    }

    private Tensor ofTile(Tensor features, TileGrid grid, int tile) {
        return Finite.require(() -> {
            try (Scope s = Scope.open()) {
                return s.keep(model.unet.condition(grid.cut(features, grid.tiles().get(tile)).to(model.dtype)));
            }
        }, "the alignment module");
    }

    /**
     * The condition of a whole image's features {@code [1, h, w, C]}, in parts where memory ends. Parts use the whole's statistics and see all
     * of their surroundings that they depend on, so cutting changes no more than rounding.
     */
    Tensor ofImage(Tensor features) {
        int h = features.size(1), w = features.size(2), reach = AlignedUNet.CONDITION_REACH;
        long latents = bytes / (CONDITION_MAPS * features.size(3) * model.dtype.bytes());
        boolean fits = (long) h * w <= latents;
        if (fits && wrap == Wrap.NONE) return model.unet.condition(features.to(model.dtype));
        int part = fits ? Math.max(h, w) : Math.max(LEAST_PART, (int) Math.sqrt(latents) - 2 * reach);
        try (SharedStatistics statistics = new SharedStatistics(); Scope s = Scope.open()) {
            model.unet.measure(features, statistics);
            Tensor whole = Tensor.empty(Device.CPU, DType.F32, Shape.of(1, h, w, model.unet.config().embeddingChannels()));
            new CroppedTiles(h, w, part, reach, wrap).apply(TileSource.of(features, wrap),
                    x -> statistics.run(() -> model.unet.condition(x.to(model.dtype))), 1, TileSink.into(whole));
            return s.keep(whole.to(model.device).to(model.dtype));
        }
    }
}
