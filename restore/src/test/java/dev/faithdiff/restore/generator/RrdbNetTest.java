package dev.faithdiff.restore.generator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.NetworkBattery;
import dev.faithdiff.networks.NetworkBattery.Build;
import dev.faithdiff.networks.NetworkBattery.Released;
import dev.faithdiff.networks.NetworkBattery.Stored;
import dev.faithdiff.networks.rrdb.RrdbConfig;
import dev.faithdiff.networks.rrdb.RrdbNet;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.tiles.CroppedTiles;
import dev.faithdiff.restore.tiles.TileSink;
import dev.faithdiff.restore.tiles.TileSource;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Pool;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Backend;
import java.nio.file.Path;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Networks and their tiles against the published implementation, from released files by way of the converter. */
@Tag("full")
class RrdbNetTest {
    private static final RrdbConfig RELEASED = new RrdbConfig(4, 64, 32, 23);

    /** From PyTorch's default to He's deviation. */
    private static final double HE = Math.sqrt(6);
    /** Idle blocks that the pool keeps. */
    private static final long IDLE = 512L << 20;

    private static final JsonObject FILES = Fixtures.json("rrdbnet/rrdbnet.json").getAsJsonObject("files");

    /** Inputs and outputs of the stored RRDBNets, by names such as {@code bsrnet_x4_tiled}. */
    static Stream<String> stored() { return FILES.keySet().stream().filter(name -> !name.startsWith("srvgg")); }

    @ParameterizedTest
    @MethodSource("stored")
    void agreesWithThePublishedImplementation(String name) {
        JsonObject facts = FILES.getAsJsonObject(name);
        Path folder = GeneratorModels.folder(name.substring(0, name.lastIndexOf('_')));
        check(folder, Fixtures.open("rrdbnet/" + name + ".safetensors"), facts.get("suggested_atol").getAsDouble(), (net, x) -> {
            UnaryOperator<Tensor> network = name.startsWith("bsrnet") ? part -> filled(net, part) : net::forward;
            if (!facts.has("tile_pad")) return network.apply(x);
            int tile = facts.get(facts.has("tile") ? "tile" : "tile_size").getAsInt();
            return tiled(x, network, net.scale(), tile, facts.get("tile_pad").getAsInt());
        });
    }

    @TestFactory DynamicNode battery() {
        Path folder = GeneratorModels.folder("realesrgan_x4");
        Fixtures f = Fixtures.open("rrdbnet/realesrgan_x4_io.safetensors");
        Stored y = Stored.of(f, "y", FILES.getAsJsonObject("realesrgan_x4_io").get("suggested_atol").getAsDouble());
        Build small = rrdb(RrdbConfig.of(Config.read(folder.resolve("model.json"))));
        return new NetworkBattery("RRDBNet", folder.resolve("generator"), small, () -> new Tensor[] {Fixtures.tensor(f, "x")}, y,
                new Released(List.of("rrdbnet_x4"), rrdb(RELEASED), List.of(Shape.of(1, 256, 256, 3)), 560_000_000)).tests();
    }

    private static Build rrdb(RrdbConfig sizes) {
        return w -> {
            RrdbNet net = new RrdbNet(w, sizes);
            return in -> net.forward(in[0]);
        };
    }

    @Test void agreesWithTheNetworkOfNcnn() {
        JsonObject facts = Fixtures.json("generators/generators.json").getAsJsonObject("files").getAsJsonObject("rrdb_x4_io");
        double tolerance = facts.get("suggested_atol").getAsDouble();
        check(GeneratorModels.of("generators/rrdb_x4.param"), Fixtures.open("generators/rrdb_x4_io.safetensors"), tolerance, RrdbNet::forward);
    }

    /** Networks of the family with other enlargements than two, under each of the published namings. */
    @ParameterizedTest
    @CsvSource({"1, 1", "2, 2", "2_bsrgan, 2", "4_unshuffled, 4", "8, 8", "16, 16"})
    void agreesAtOtherScales(String name, int scale) {
        JsonObject facts = Fixtures.json("generators/generators.json").getAsJsonObject("files").getAsJsonObject("rrdb_scale_" + name + "_io");
        Path folder = GeneratorModels.of("generators/rrdb_scale_" + name + ".pth");
        assertThat(RrdbConfig.of(Config.read(folder.resolve("model.json"))).scale()).isEqualTo(scale);
        double tolerance = facts.get("suggested_atol").getAsDouble();
        check(folder, Fixtures.open("generators/rrdb_scale_" + name + "_io.safetensors"), tolerance, RrdbNet::forward);
    }

    private static void check(Path folder, Fixtures f, double tolerance, BiFunction<RrdbNet, Tensor, Tensor> body) {
        try (Scope _ = Scope.open(); Weights w = Weights.open(folder.resolve("generator"), Device.CPU)) {
            RrdbNet net = new RrdbNet(w, RrdbConfig.of(Config.read(folder.resolve("model.json"))));
            w.done();
            Fixtures.assertClose(folder.toString(), body.apply(net, Fixtures.tensor(f, "x")), f, "y", tolerance);
        }
    }

    /** BSRNet as FaithDiff's repository runs it: zeros up to a multiple of four at the right and bottom. */
    private static Tensor filled(RrdbNet net, Tensor x) {
        int h = x.size(1), w = x.size(2), scale = net.scale();
        return net.forward(x.pad(0, Math.ceilDiv(h, 4) * 4 - h, 0, Math.ceilDiv(w, 4) * 4 - w)).slice(1, 0, scale * h).slice(2, 0, scale * w);
    }

    private static Tensor tiled(Tensor x, UnaryOperator<Tensor> network, int scale, int tile, int margin) {
        Tensor whole = Tensor.empty(Device.CPU, DType.F32, Shape.of(1, scale * x.size(1), scale * x.size(2), 3));
        new CroppedTiles(x.size(1), x.size(2), tile, margin).apply(TileSource.of(x), network, scale, TileSink.into(whole));
        return whole;
    }

    /** The trunk of a scale-1 network sees squares of four pixels; there is no stored output, so only its order of channels is held. */
    @Test void unshufflesInThePublishedOrder() {
        try (Scope _ = Scope.open(); Weights w = Weights.init(1, Device.CPU)) {
            RrdbNet net = new RrdbNet(w, new RrdbConfig(1, 4, 2, 1));
            Tensor x = Tensor.of(new float[8 * 12 * 3], 1, 8, 12, 3);
            for (int i = 0; i < x.count(); i++) x.set(i, i);
            Tensor u = x.pixelUnshuffle(4);
            assertThat(u.shape()).isEqualTo(Shape.of(1, 2, 3, 48));
            for (int i = 0; i < u.count(); i++) {
                int k = i % 48, c = k / 16, row = i / 48 / 3 * 4 + k / 4 % 4, column = i / 48 % 3 * 4 + k % 4;
                assertThat(u.get(i)).isEqualTo((row * 12 + column) * 3 + c);
            }
            assertThat(net.forward(x).shape()).isEqualTo(x.shape());
        }
    }

    /**
     * The largest difference between a ramp enlarged in tiles and whole, in levels of which the result's range has 255, for a narrow
     * network of the released depth. Weights of He's variance keep the activations' size, so that what is far away counts.
     */
    @Test void marginsHideTheTiles() {
        int side = 112, tile = 56;
        Map<Integer, double[]> bounds = Map.of(0, new double[] {10, 255}, 4, new double[] {1, 10}, 10, new double[] {0, 0.1},
                16, new double[] {0, 0.001}, 32, new double[] {0, 0.001});
        try (Scope _ = Scope.open(); Weights w = Weights.init(3, Device.CPU)) {
            RrdbNet net = new RrdbNet(w, new RrdbConfig(4, 16, 8, RELEASED.blocks()));
            for (Tensor t : w.parameters("").values()) for (long i = 0; i < t.count(); i++) t.set(i, t.get(i) * HE);
            float[] ramp = new float[side * side * 3];
            for (int i = 0; i < ramp.length; i++) ramp[i] = (i / 3 % side + i % 3 * 20f) / (side + 40);
            Tensor x = Tensor.of(ramp, 1, side, side, 3);
            float[] whole = net.forward(x).toFloats();
            DoubleSummaryStatistics range = IntStream.range(0, whole.length).mapToDouble(i -> whole[i]).summaryStatistics();
            bounds.forEach((margin, b) -> {
                float[] tiled = tiled(x, net::forward, 4, tile, margin).toFloats();
                double worst = IntStream.range(0, whole.length).mapToDouble(i -> Math.abs(whole[i] - tiled[i])).max().orElseThrow();
                assertThat(255 * worst / (range.getMax() - range.getMin())).as("margin " + margin).isBetween(b[0], b[1]);
            });
        }
    }

    /** The estimate by which tiles are chosen holds for a released network and is not far off. */
    @ParameterizedTest
    @CsvSource({"4, 2", "2, 2", "1, 2", "8, 3", "2, 1", "1, 0"})
    void memory(int scale, int enlargements) {
        RrdbConfig c = new RrdbConfig(scale, RELEASED.features(), RELEASED.growth(), RELEASED.blocks(), enlargements);
        Device dry = Backend.device("dry");
        int side = 2048;
        try (Scope _ = Scope.open(); Weights w = Weights.init(1, dry)) {
            RrdbNet net = new RrdbNet(w, c);
            Tensor x = Tensor.empty(dry, DType.F32, Shape.of(1, side / scale, side / scale, 3));
            Pool pool = dry.pool();
            pool.trim();
            long before = pool.usedBytes(), estimate = c.bytesPerPixel() * side * side;
            pool.resetPeak();
            net.forward(x);
            assertThat(pool.peakBytes() - before).isBetween(estimate * 3 / 4, estimate * 4 / 3 + IDLE);
        }
    }

    @Test void impossibleSizesAreRefused() {
        assertThatThrownBy(() -> new RrdbConfig(3, 64, 32, 23))
                .hasMessageContaining("with 2 enlargements the scale 4, or a half or a quarter of it, not 3");
        assertThatThrownBy(() -> new RrdbConfig(32, 64, 32, 23, 5)).hasMessageContaining("0..4 enlargements, not 5");
        assertThatThrownBy(() -> new RrdbConfig(1, 64, 32, 23, 3)).hasMessageContaining("the scale 8, or a half or a quarter of it, not 1");
        assertThatThrownBy(() -> new RrdbConfig(4, 0, 32, 23)).hasMessageContaining("at least 1, not 0 and 32");
        assertThatThrownBy(() -> new RrdbConfig(4, 64, 32, 1 << 30)).hasMessageContaining("blocks");
    }
}
