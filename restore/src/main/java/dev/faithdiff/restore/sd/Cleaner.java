package dev.faithdiff.restore.sd;

import dev.faithdiff.image.FloatImage;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.rrdb.RrdbConfig;
import dev.faithdiff.networks.rrdb.RrdbNet;
import dev.faithdiff.networks.swinir.SwinIr;
import dev.faithdiff.networks.swinir.SwinIrConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.diffusion.DiffusionOptions;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The network that takes noise, blur and compression off a photo before anything is added: a SwinIR, which keeps its size, or a BSRNet, which
 * enlarges it.
 *
 * @param scale         how many times as large its result is
 * @param multiple      pixels of which both sides of its input are a multiple
 * @param bytesPerPixel held at the peak for each pixel of the result
 */
public record Cleaner(UnaryOperator<Tensor> network, int scale, int multiple, long bytesPerPixel, DType dtype, Device device) {
    /** The side of its tiles. */
    public static final Option<Integer> TILE = Option.side("cleaner-tile", 0, 64, "Side of the overlapping tiles in which the photo is cleaned, in "
            + "pixels as the cleaner sees it; for SwinIR a multiple of 64. 0: no tiles while memory suffices, else 512.");
    /** Where {@code model.json} has its sizes. */
    public static final String KEY = "cleaner";
    /** The key of the network's kind in these settings; without it the network is a SwinIR. */
    static final String KIND = "kind", SWINIR = "swinir";
    private static final int USUAL_TILE = 512;

    /** Builds the network of {@code model.json}. @throws dev.faithdiff.model.ModelError if that names one that is not known */
    public static Cleaner of(Config model, Weights w, Device device) {
        Config c = model.at(KEY);
        DType dtype = w.dtype();
        if (c.text(KIND, SWINIR).equals(SWINIR)) {
            SwinIr net = new SwinIr(w, SwinIrConfig.of(c));
            return new Cleaner(net::forward, 1, net.config().multiple(), net.config().bytesPerPixel(), dtype, device);
        }
        c.require(KIND, RrdbNet.KIND);
        RrdbNet net = new RrdbNet(w, RrdbConfig.of(c));
        return new Cleaner(net::forward, net.scale(), net.multiple(), net.bytesPerPixel(), dtype, device);
    }

    /** @throws IllegalArgumentException in one line if it does not take the tiles that are asked for */
    public void check(Options o) {
        if (o.get(TILE) % multiple == 0) return;
        throw new IllegalArgumentException("cleaner-tile must be a multiple of " + multiple + ", not " + o.get(TILE));
    }

    /** The side of the tiles in which a run's image is cleaned; 0: none. As published, one side shorter than a tile means no tiles. */
    public int tile(SdRun run, FloatImage image) {
        int asked = run.options.get(TILE);
        if (asked > 0) return image.width() < asked || image.height() < asked ? 0 : asked;
        long pixels = (long) image.width() * image.height() * scale * scale;
        return pixels * bytesPerPixel <= run.bytes() ? 0 : USUAL_TILE;
    }

    /** An image of any size, in the tiles that the run's options ask for or its memory needs. */
    public FloatImage clean(SdRun run, FloatImage image) {
        int tile = tile(run, image);
        if (tile == 0) return clean(image);
        double stride = run.options.get(DiffusionOptions.OVERLAP);
        int tiles = TileGrid.of(image.height(), image.width(), tile, tile, stride).tiles().size();
        return clean(image, tile, stride, run.counter("clean", tiles));
    }

    /** An image of any size; what is added at its right and lower edges is cut off again. */
    public FloatImage clean(FloatImage image) {
        FloatImage padded = image.padTo(multiple);
        return FloatImage.of(clean(padded.toTensor().to(device))).topLeft(image.width() * scale, image.height() * scale);
    }

    /**
     * The same in overlapping tiles, which are merged with Gaussian weights; as published, one side shorter than a tile means no tiles.
     *
     * @param tile      side in pixels of the image, a multiple of {@link #multiple}
     * @param stride    from tile to tile
     * @param afterTile is run after each tile
     */
    public FloatImage clean(FloatImage image, int tile, double stride, Runnable afterTile) {
        if (image.height() < tile || image.width() < tile) return clean(image);
        TileGrid grid = TileGrid.of(image.height() * scale, image.width() * scale, tile * scale, tile * scale, stride);
        Tensor whole = image.toTensor().to(device);
        List<Tensor> parts = new ArrayList<>();
        for (TileGrid.Tile t : grid.tiles()) {
            int top = t.row() / scale, left = t.column() / scale;
            try (Scope s = Scope.open()) {
                parts.add(s.keep(clean(whole.slice(1, top, top + tile).slice(2, left, left + tile))));
            }
            afterTile.run();
        }
        return FloatImage.of(grid.merge(parts));
    }

    private Tensor clean(Tensor x) {
        try (Scope s = Scope.open()) {
            return s.keep(network.apply(x.to(dtype)).to(DType.F32).mul(1));
        }
    }
}
