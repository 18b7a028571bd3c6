package dev.faithdiff;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.model.Config;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.rrdb.CroppedTiles;
import dev.faithdiff.rrdb.RrdbConfig;
import dev.faithdiff.rrdb.RrdbNet;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.vae.BlendedTiles.Source;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Restores photos with an RRDBNet of Real-ESRGAN, BSRGAN or BSRNet (Real-ESRGAN RealESRGANer). The network enlarges by its own factor;
 * where another scale is asked for its result is resized with Lanczos. Large photos are worked on in tiles with a margin.
 */
public final class RrdbRestorer implements Restorer {
    /** The options that mean something to such a network. */
    private static final Set<String> MEANT = Set.of("scale", "vae-tile");
    /** Of the free memory; the rest is for what kernels keep and for the image itself. */
    private static final double SHARE = 0.5;
    /**
     * Sides of a tile, of its margin and of the smallest tile, in pixels that the trunk sees. 23 blocks reach 350 pixels far, but what is
     * farther than a few hardly counts; the published margin is 10.
     */
    private static final int TILE = 512, MARGIN = 32, LEAST = 64;

    private final Device device;
    private final Weights weights;
    private final RrdbNet net;

    private RrdbRestorer(Device device, Weights weights, RrdbConfig config) {
        this.device = device;
        this.weights = weights;
        net = new RrdbNet(weights, config);
        weights.done();
    }

    /** Opens a model folder as {@code faithdiff convert} writes it of an RRDBNet's {@code .pth}. */
    public static RrdbRestorer open(Path folder, Device device) {
        Config c = new ModelFolder(folder).description();
        if (!RrdbConfig.describes(c)) throw new UncheckedIOException(new IOException(folder + ": is not an RRDBNet but a model of another kind"));
        RrdbConfig config = RrdbConfig.of(c);
        return new RrdbRestorer(device, Weights.open(folder.resolve("generator/model.safetensors"), device), config);
    }

    /** {@inheritDoc} @throws IllegalArgumentException if an option is set that means nothing to such a network */
    @Override public synchronized Image restore(Image lowQuality, Options o, Listener listener, Path resume) {
        check(o);
        Image enlarged = enlarge(lowQuality, o.vaeTile(), listener);
        return Resize.resize(enlarged, lowQuality.width() * o.scale(), lowQuality.height() * o.scale(), Filter.LANCZOS);
    }

    @Override public boolean takes(String option) { return MEANT.contains(option); }

    @Override public void check(Options o) {
        Map<String, Object> initial = Options.defaults().values();
        List<String> set = o.values().entrySet().stream().filter(e -> !takes(e.getKey()) && !Objects.equals(e.getValue(), initial.get(e.getKey())))
                .map(Map.Entry::getKey).toList();
        if (!set.isEmpty()) throw new IllegalArgumentException("an RRDBNet has no " + String.join(", ", set) + "; leave it out");
    }

    /** The photo as the network enlarges it; its sides are first padded to what a pixel-unshuffle takes whole. */
    private Image enlarge(Image photo, int asked, Listener listener) {
        int scale = net.config().scale(), unshuffle = net.config().unshuffle();
        Image padded = photo.padTo(unshuffle);
        CroppedTiles tiles = new CroppedTiles(padded.height(), padded.width(), tile(asked), MARGIN * unshuffle);
        RgbSink result = RgbSink.of((long) padded.width() * scale, (long) padded.height() * scale, photo.bits());
        return Finite.image(() -> {
            run(tiles, padded, result, listener);
            return result.image().crop(0, 0, photo.width() * scale, photo.height() * scale);
        }, photo);
    }

    private void run(CroppedTiles tiles, Image in, RgbSink result, Listener listener) {
        int[] done = {0};
        listener.at("enlarge", 0, tiles.count());
        tiles.run(parts(in), x -> net.forward(x).affine(2, -1), net.config().scale(), (top, left, part) -> {
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
        int unshuffle = net.config().unshuffle();
        if (asked > 0) return Math.ceilDiv(asked, net.config().scale() * unshuffle) * unshuffle;
        return tile(net.config(), (long) (SHARE * device.freeBytes())) * unshuffle;
    }

    /** The side in pixels of the trunk: a half, a quarter, ... of the usual one, so that results seldom depend on the free memory. */
    static int tile(RrdbConfig c, long bytes) {
        int tile = TILE;
        while (tile > LEAST && c.bytesPerPixel() * square(4L * (tile + 2 * MARGIN)) > bytes) tile /= 2;
        return tile;
    }

    private static long square(long side) { return side * side; }

    /** The network's own enlargement. */
    @Override public Options defaults() { return Options.defaults().withScale(net.config().scale()); }

    @Override public void close() { weights.close(); }
}
