package dev.faithdiff;

import dev.faithdiff.generator.CroppedTiles;
import dev.faithdiff.generator.Generator;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.model.Config;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.rrdb.RrdbConfig;
import dev.faithdiff.rrdb.RrdbNet;
import dev.faithdiff.srvgg.SrvggConfig;
import dev.faithdiff.srvgg.SrvggNetCompact;
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
import java.util.function.Function;

/**
 * Restores photos with a network that works in one pass: an RRDBNet of Real-ESRGAN, BSRGAN or BSRNet, or an SRVGGNetCompact of
 * Real-ESRGAN. It enlarges by its own factor; where another scale is asked for its result is resized with Lanczos. Large photos are
 * worked on in tiles with a margin (Real-ESRGAN RealESRGANer).
 */
public final class GeneratorRestorer implements Restorer {
    /** The options that mean something to such a network. */
    private static final Set<String> MEANT = Set.of("scale", "vae-tile");
    /** Of the free memory; the rest is for what kernels keep and for the image itself. */
    private static final double SHARE = 0.5;
    /** Sides of a tile and of the smallest one, in the network's multiple of pixels. */
    private static final int TILE = 512, LEAST = 64;

    private final Device device;
    private final Gate gate;
    private final Weights weights;
    private final Generator net;

    private GeneratorRestorer(Device device, Weights weights, Function<Weights, Generator> net) {
        this.device = device;
        gate = new Gate("GeneratorRestorer", device);
        this.weights = weights;
        this.net = net.apply(weights);
        weights.done();
    }

    /** Opens a model folder as {@code faithdiff convert} writes it of such a network's file. */
    public static GeneratorRestorer open(Path folder, Device device) {
        Function<Weights, Generator> net = network(new ModelFolder(folder).description());
        if (net == null) throw new UncheckedIOException(new IOException(folder + ": is not an RRDBNet or SRVGGNetCompact but a model of another kind"));
        return device.exclusive(() -> new GeneratorRestorer(device, Weights.open(folder.resolve("generator/model.safetensors"), device), net));
    }

    /** Whether a {@code model.json} is of such a network. */
    static boolean takes(Config model) { return network(model) != null; }

    /** The network that a {@code model.json} describes, or null if it describes none. */
    private static Function<Weights, Generator> network(Config model) {
        return switch (model.text("kind", "")) {
            case RrdbNet.KIND -> {
                RrdbConfig c = RrdbConfig.of(model);
                yield w -> new RrdbNet(w, c);
            }
            case SrvggNetCompact.KIND -> {
                SrvggConfig c = SrvggConfig.of(model);
                yield w -> new SrvggNetCompact(w, c);
            }
            default -> null;
        };
    }

    /** {@inheritDoc} @throws IllegalArgumentException if an option is set that means nothing to such a network */
    @Override public Image restore(Image lowQuality, Options o, Listener listener, Path resume) {
        check(o);
        Image enlarged = gate.pass(() -> enlarge(lowQuality, o.vaeTile(), listener));
        return Resize.resize(enlarged, lowQuality.width() * o.scale(), lowQuality.height() * o.scale(), Filter.LANCZOS);
    }

    @Override public boolean takes(String option) { return MEANT.contains(option); }

    @Override public void check(Options o) {
        Map<String, Object> initial = Options.defaults().values();
        List<String> set = o.values().entrySet().stream().filter(e -> !takes(e.getKey()) && !Objects.equals(e.getValue(), initial.get(e.getKey())))
                .map(Map.Entry::getKey).toList();
        if (!set.isEmpty()) throw new IllegalArgumentException("an " + net.name() + " has no " + String.join(", ", set) + "; leave it out");
    }

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
    @Override public Options defaults() { return Options.defaults().withScale(net.scale()); }

    @Override public void close() { gate.close(weights::close); }
}
