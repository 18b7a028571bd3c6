package dev.faithdiff.restore.generator;

import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
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
import dev.faithdiff.restore.tiles.BlendedTiles.Source;
import dev.faithdiff.restore.tiles.CroppedTiles;
import dev.faithdiff.restore.tiles.RgbSink;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;

/**
 * Restores photos with a network that works in one pass: an RRDBNet of Real-ESRGAN, BSRGAN or BSRNet, or an SRVGGNetCompact of
 * Real-ESRGAN. It enlarges by its own factor; where another scale is asked for its result is resized with Lanczos. Large photos are
 * worked on in tiles with a margin (Real-ESRGAN RealESRGANer).
 */
public final class GeneratorRestorer implements Restorer {
    static final List<Option<?>> OPTIONS = List.of(SCALE, VAE_TILE);
    /** Of the free memory; the rest is for what kernels keep and for the image itself. */
    private static final double SHARE = 0.5;
    /** Sides of a tile and of the smallest one, in the network's multiple of pixels. */
    private static final int TILE = 512, LEAST = 64;

    private final Device device;
    private final Weights weights;
    private final Generator net;
    private final Gate gate;

    private GeneratorRestorer(Device device, Weights weights, Function<Weights, Generator> net) {
        this.device = device;
        this.weights = weights;
        this.net = net.apply(weights);
        weights.done();
        gate = new Gate("GeneratorRestorer", device);
    }

    /** Opens a model folder as {@code faithdiff convert} writes it of such a network's file; it computes in F32. */
    static GeneratorRestorer open(ModelFolder folder, Compute on, Function<Weights, Generator> net) {
        return on.device().exclusive(() -> {
            Weights weights = Weights.open(folder.path().resolve("generator/model.safetensors"), on.device());
            try {
                return new GeneratorRestorer(on.device(), weights, net);
            } catch (Throwable e) {
                weights.close();
                throw e;
            }
        });
    }

    @Override public Image restore(Image photo, Options o, Listener listener, Path resume) {
        check(o);
        int scale = o.get(SCALE);
        Image enlarged = gate.pass(() -> enlarge(photo, o.get(VAE_TILE), listener));
        return Resize.resize(enlarged, photo.width() * scale, photo.height() * scale, Filter.LANCZOS);
    }

    @Override public List<Option<?>> options() { return OPTIONS; }

    /** The photo as the network enlarges it; its sides are first padded to the network's multiple. */
    private Image enlarge(Image photo, int asked, Listener listener) {
        int scale = net.scale();
        Image padded = photo.padTo(net.multiple());
        CroppedTiles tiles = new CroppedTiles(padded.height(), padded.width(), tile(asked), net.margin());
        RgbSink result = RgbSink.of((long) padded.width() * scale, (long) padded.height() * scale, photo.bits());
        return Finite.image(() -> {
            run(tiles, padded, result, listener);
            return result.image().crop(0, 0, photo.width() * scale, photo.height() * scale);
        }, photo);
    }

    private void run(CroppedTiles tiles, Image in, RgbSink result, Listener listener) {
        int[] done = {0};
        listener.at("enlarge", 0, tiles.count());
        tiles.run(parts(in), x -> net.forward(x).affine(2, -1), net.scale(), (top, left, part) -> {
            result.put(top, left, part);
            listener.at("enlarge", ++done[0], tiles.count());
        });
    }

    private Source parts(Image in) {
        return (top, left, height, width) ->
                Tensor.of(in.crop(left, top, width, height).toFloats(), 1, height, width, 3).to(device).affine(0.5f, 0.5f);
    }

    /** The tile's side in pixels of the photo: as asked for in pixels of the result, else the usual one or what of it fits into memory. */
    private int tile(int asked) {
        int multiple = net.multiple();
        if (asked > 0) return Math.ceilDiv(asked, net.scale() * multiple) * multiple;
        return tile(net, (long) (SHARE * device.freeBytes()));
    }

    /** The usual side, or a half, a quarter, ... of it, so that results seldom depend on the free memory. */
    static int tile(Generator net, long bytes) {
        int tile = TILE;
        while (tile > LEAST && net.bytesPerPixel() * square(net.scale() * (long) (tile * net.multiple() + 2 * net.margin())) > bytes) tile /= 2;
        return tile * net.multiple();
    }

    private static long square(long side) { return side * side; }

    /** The network's own enlargement. */
    @Override public Options defaults() { return Options.defaults().with(SCALE, net.scale()); }

    @Override public void close() { gate.close(weights::close); }
}
