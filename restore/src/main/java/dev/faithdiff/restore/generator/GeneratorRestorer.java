package dev.faithdiff.restore.generator;

import static dev.faithdiff.restore.CommonOptions.LONG_SIDE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SIZE;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.CommonOptions.WRAP;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.Wrap;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.networks.Generator;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Finite;
import dev.faithdiff.restore.Gate;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.tiles.CroppedTiles;
import dev.faithdiff.restore.tiles.RgbSink;
import dev.faithdiff.restore.tiles.TileSource;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * Restores photos with a network of one pass: an RRDBNet of Real-ESRGAN, BSRGAN or BSRNet, or an SRVGGNetCompact of Real-ESRGAN. The network
 * enlarges by a factor of its own; for another size its result is resized with Lanczos. Large photos are restored in tiles with a margin
 * (Real-ESRGAN RealESRGANer).
 */
public final class GeneratorRestorer implements Restorer {
    static final List<Option<?>> OPTIONS = List.of(SCALE, SIZE, LONG_SIDE, WRAP, VAE_TILE);
    /** Sides of the usual and of the smallest tile, in multiples of {@link Generator#multiple} pixels. */
    private static final int TILE = 512, LEAST = 64;

    private final Device device;
    private final LongSupplier budget;
    private final Weights weights;
    private final Generator net;
    private final Gate gate;

    private GeneratorRestorer(Compute on, Weights weights, Function<Weights, Generator> net) {
        device = on.device();
        budget = on.budget();
        this.weights = weights;
        this.net = net.apply(weights);
        weights.done();
        gate = new Gate("GeneratorRestorer", device, on.rounding());
    }

    /**
     * Opens a model folder as {@code faithdiff convert} writes it. The network computes in F32, on the CPU also with rounded products.
     *
     * @param net builds it
     */
    static GeneratorRestorer open(ModelFolder folder, Compute on, Function<Weights, Generator> net) {
        return on.device().exclusive(() -> {
            Weights weights = Weights.open(folder.path().resolve("generator/model.safetensors"), on.device());
            try {
                return new GeneratorRestorer(on, weights, net);
            } catch (Throwable e) {
                weights.close();
                throw e;
            }
        });
    }

    @Override public Image restore(Image photo, Options o, Listener listener, Path resume) {
        check(o);
        ResultSize size = ResultSize.of(o, photo);
        return size.resized(gate.pass(() -> enlarge(photo, o.get(VAE_TILE), o.get(WRAP), listener)), o.get(WRAP));
    }

    @Override public List<Option<?>> options() { return OPTIONS; }

    /** The photo enlarged by the network. Its sides are padded to the network's multiple and cropped again. @param asked 0 or a tile's side */
    private Image enlarge(Image photo, int asked, Wrap wrap, Listener listener) {
        int scale = net.scale(), multiple = net.multiple();
        int w = Math.ceilDiv(photo.width(), multiple) * multiple, h = Math.ceilDiv(photo.height(), multiple) * multiple;
        CroppedTiles tiles = new CroppedTiles(h, w, tile(asked), net.margin(), wrap);
        RgbSink result = RgbSink.of((long) w * scale, (long) h * scale, photo.bits());
        return Finite.image(() -> {
            run(tiles, photo, result, listener);
            return result.image().crop(0, 0, photo.width() * scale, photo.height() * scale);
        }, photo);
    }

    private void run(CroppedTiles tiles, Image in, RgbSink result, Listener listener) {
        int[] done = {0};
        listener.at("enlarge", 0, tiles.count());
        tiles.apply(TileSource.of(in, device, tiles.wrap()), x -> net.forward(x.affine(0.5f, 0.5f)).affine(2, -1), net.scale(),
                result.then(() -> listener.at("enlarge", ++done[0], tiles.count())));
    }

    /** A tile's side in pixels of the photo. @param asked the side in pixels of the result; 0: the usual tile, or a smaller one that fits */
    private int tile(int asked) {
        int multiple = net.multiple();
        if (asked > 0) return Math.ceilDiv(asked, net.scale() * multiple) * multiple;
        return tile(net, budget.getAsLong());
    }

    /** The usual side, or a half or a quarter of it and so on, so that results seldom depend on the free memory. */
    static int tile(Generator net, long bytes) {
        int tile = TILE;
        while (tile > LEAST && net.bytesPerPixel() * square(net.scale() * (long) (tile * net.multiple() + 2 * net.margin())) > bytes) tile /= 2;
        return tile * net.multiple();
    }

    private static long square(long side) { return side * side; }

    /** The default scale is the network's own. */
    @Override public Options defaults() { return Options.defaults().with(SCALE, (double) net.scale()); }

    @Override public void close() { gate.close(weights::close); }
}
