package dev.faithdiff.restore.adcsr;

import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.FIDELITY;
import static dev.faithdiff.restore.CommonOptions.GUARD;
import static dev.faithdiff.restore.CommonOptions.LONG_SIDE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SIZE;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;

import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.Wrap;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.networks.adcsr.AdcSrConfig;
import dev.faithdiff.networks.adcsr.AdcSrNet;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Finite;
import dev.faithdiff.restore.Gate;
import dev.faithdiff.restore.Guard;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Mixture;
import dev.faithdiff.restore.OpenParts;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.diffusion.Places;
import dev.faithdiff.restore.tiles.BlendedTiles;
import dev.faithdiff.restore.tiles.Patch;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.restore.tiles.TileSink;
import dev.faithdiff.restore.tiles.TileSource;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Restores photos with AdcSR, in one pass without text and without noise. The networks enlarge 4 times; for another size their result is
 * resized. The U-Net sees large photos in overlapping tiles, whose features are merged before they are decoded; the photo's colours are given
 * back over the whole image.
 */
public final class AdcSr implements Restorer {
    static final List<Option<?>> OPTIONS = List.of(SCALE, SIZE, LONG_SIDE, STRENGTH, FIDELITY, GUARD, COLOR_FIX, TILE, OVERLAP, VAE_TILE);
    /** The share of a tile's side from one tile to the next: attention sees the whole tile, so its edges are nearly as good as its middle. */
    private static final double STRIDE = 0.75;

    private final Device device;
    private final DType dtype;
    private final LongSupplier budget;
    private final OpenParts parts;
    private final AdcSrNet net;
    private final Gate gate;

    private AdcSr(ModelFolder folder, Compute on) {
        device = on.device();
        dtype = on.activations();
        budget = on.budget();
        AdcSrConfig config = AdcSrConfig.of(folder.description());
        parts = new OpenParts(folder, on, Places::of);
        try {
            Weights unet = parts.weights("unet/model.safetensors"), decoder = parts.weights("decoder/model.safetensors");
            net = new AdcSrNet(unet, decoder, config);
            unet.done();
            decoder.done();
        } catch (Throwable e) {
            parts.close();
            throw e;
        }
        gate = new Gate("AdcSr", device, on.rounding());
    }

    /** Opens a model folder as {@code faithdiff convert} writes it. */
    static AdcSr open(ModelFolder folder, Compute on) { return on.device().exclusive(() -> new AdcSr(folder, on)); }

    @Override public Image restore(Image photo, Options options, Listener listener, Path resume) {
        check(options);
        Options o = Guard.guarded(photo, options, true, listener);
        ResultSize size = ResultSize.of(o, photo);
        if (Mixture.isPhoto(o)) return size.resized(photo, Wrap.NONE);
        Image restored = size.resized(gate.pass(() -> Finite.image(() -> enlarged(photo, o, listener), photo)), Wrap.NONE);
        return Mixture.of(restored, () -> size.resized(photo, Wrap.NONE), o);
    }

    /** The photo enlarged by the networks, in its own colours. */
    private Image enlarged(Image photo, Options o, Listener listener) {
        int scale = net.config().scale(), width = photo.width() * scale, height = photo.height() * scale;
        ColorFix fix = o.get(COLOR_FIX);
        float[] rgb = decoded(photo.padTo(net.config().multiple()), o, listener).topLeft(height, width).values();
        if (fix == ColorFix.ADAIN) PhotoColours.of(photo).give(rgb);
        Image image = Image.cutFloats(rgb, width, height, photo.bits());
        return fix == ColorFix.ADAIN ? image : fix.apply(image, Resize.resize(photo, width, height, Filter.BICUBIC));
    }

    /** What the networks make of a padded photo, nominally -1..1. */
    Patch decoded(Image in, Options o, Listener listener) {
        int up = net.config().upscale(), h = in.height() / AdcSrConfig.UNSHUFFLE, w = in.width() / AdcSrConfig.UNSHUFFLE;
        try (Scope _ = Scope.open()) {
            Tensor features = features(in, TileGrid.of(h, w, tile(o), tile(o), o.get(OVERLAP)), listener);
            Tensor whole = Tensor.empty(Device.CPU, DType.F32, Shape.of(1, h * up, w * up, 3));
            BlendedTiles tiles = tiles(h, w, o.get(VAE_TILE) / up, net.bytesPerPixel() * up * up * dtype.bytes() / Float.BYTES);
            int[] done = {0};
            listener.at("decode", 0, 0);
            tiles.apply(TileSource.of(features), 1, x -> net.decode(x.to(dtype)), up, TileSink.into(whole).then(() -> {
                if (tiles.count() > 1) listener.tile("decode", ++done[0], tiles.count());
            }));
            return new Patch(h * up, w * up, 3, whole.toFloats());
        }
    }

    /** The merged features of all tiles, F32. */
    private Tensor features(Image in, TileGrid grid, Listener listener) {
        List<Tensor> features = new ArrayList<>();
        TileSource photo = TileSource.of(in, device, Wrap.NONE);
        int n = AdcSrConfig.UNSHUFFLE;
        listener.at("enlarge", 0, grid.tiles().size());
        for (TileGrid.Tile t : grid.tiles()) {
            try (Scope s = Scope.open()) {
                Tensor part = photo.part(n * t.row(), n * t.column(), n * grid.tileHeight(), n * grid.tileWidth());
                features.add(s.keep(net.features(part.to(dtype)).to(DType.F32)));
            }
            listener.at("enlarge", features.size(), grid.tiles().size());
        }
        return grid.merge(features);
    }

    /** The side of a tile in features, which must halve evenly. */
    private int tile(Options o) {
        int even = net.config().multiple() / AdcSrConfig.UNSHUFFLE;
        return Math.max(1, o.get(TILE) / net.config().upscale() / even) * even;
    }

    private BlendedTiles tiles(int h, int w, int asked, long bytesPerFeature) {
        if (asked == 0) return BlendedTiles.fitting(h, w, bytesPerFeature, budget.getAsLong());
        return h <= asked && w <= asked ? BlendedTiles.whole(h, w) : BlendedTiles.square(h, w, asked);
    }

    @Override public List<Option<?>> options() { return OPTIONS; }

    /** The default scale is the networks' own. */
    @Override public Options defaults() { return Options.defaults().with(SCALE, (double) net.config().scale()).with(OVERLAP, STRIDE); }

    @Override public void close() { gate.close(parts::close); }
}
