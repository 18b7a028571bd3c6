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
import dev.faithdiff.networks.srvgg.SrvggConfig;
import dev.faithdiff.networks.srvgg.SrvggNetCompact;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Pool;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Backend;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The network against the published implementation, from files of torch.save by way of the converter. */
@Tag("full")
class SrvggNetCompactTest {
    @ParameterizedTest
    @CsvSource({"rrdbnet/srvgg_x4, .pth", "generators/srvgg_x1, .pth", "generators/srvgg_x2, .pth", "generators/srvgg_x3, .pth",
            "generators/srvgg_x4, .pth",
        "generators/srvgg_x1, .param", "generators/srvgg_x2, .bin", "generators/srvgg_x3, .param", "generators/srvgg_x4, .bin"})
    void agreesWithThePublishedImplementation(String name, String ending) {
        Path folder = GeneratorModels.of(name + ending);
        Fixtures f = Fixtures.open(name + "_io.safetensors");
        String facts = name.startsWith("rrdbnet") ? "rrdbnet/rrdbnet.json" : "generators/generators.json",
                io = name.substring(name.indexOf('/') + 1) + "_io";
        double tolerance = Fixtures.json(facts).getAsJsonObject("files").getAsJsonObject(io).get("suggested_atol").getAsDouble();
        try (Scope _ = Scope.open(); Weights w = Weights.open(folder.resolve("generator"), Device.CPU)) {
            SrvggNetCompact net = new SrvggNetCompact(w, SrvggConfig.of(Config.read(folder.resolve("model.json"))));
            w.done();
            Shape x = f.shape("x");
            Tensor y = net.forward(Tensor.of(f.nhwc("x"), x.size(0), x.size(2), x.size(3), x.size(1)));
            Fixtures.assertClose(name, y.toFloats(), f.nhwc("y"), tolerance);
        }
    }

    @TestFactory DynamicNode battery() {
        Path folder = GeneratorModels.folder("srvgg_x4");
        Fixtures f = Fixtures.open("rrdbnet/srvgg_x4_io.safetensors");
        JsonObject facts = Fixtures.json("rrdbnet/rrdbnet.json").getAsJsonObject("files").getAsJsonObject("srvgg_x4_io");
        Stored y = Stored.of(f, "y", facts.get("suggested_atol").getAsDouble());
        Build small = srvgg(SrvggConfig.of(Config.read(folder.resolve("model.json"))));
        return new NetworkBattery("SRVGGNetCompact", folder.resolve("generator"), small, () -> new Tensor[] {Fixtures.tensor(f, "x")}, y,
                new Released(List.of("srvgg_x4"), srvgg(new SrvggConfig(4, 64, 32)), List.of(Shape.of(1, 256, 256, 3)), 40_000_000)).tests();
    }

    private static Build srvgg(SrvggConfig sizes) {
        return w -> {
            SrvggNetCompact net = new SrvggNetCompact(w, sizes);
            return in -> net.forward(in[0]);
        };
    }

    /** A change of one pixel reaches as far as the margin and no farther, so tiles with it are the whole image to the bit or nearly. */
    @Test void marginIsHowFarItSees() {
        int side = 31, middle = side / 2;
        try (Scope _ = Scope.open(); Weights w = Weights.init(1, Device.CPU)) {
            SrvggNetCompact net = new SrvggNetCompact(w, new SrvggConfig(1, 4, 3));
            float[] values = new float[side * side * 3];
            float[] before = net.forward(Tensor.of(values, 1, side, side, 3)).toFloats();
            values[(middle * side + middle) * 3] = 1;
            float[] after = net.forward(Tensor.of(values, 1, side, side, 3)).toFloats();
            int farthest = 0;
            for (int i = 0; i < before.length; i++) {
                int pixel = i / 3, far = Math.max(Math.abs(pixel / side - middle), Math.abs(pixel % side - middle));
                if (before[i] != after[i]) farthest = Math.max(farthest, far);
            }
            assertThat(farthest).isEqualTo(net.margin()).isEqualTo(5);
        }
    }

    /** The estimate by which tiles are chosen holds for a released network of each scale and is not far off. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void memory(int scale) {
        Device dry = Backend.device("dry");
        int side = 4096;
        try (Scope _ = Scope.open(); Weights w = Weights.init(1, dry)) {
            SrvggNetCompact net = new SrvggNetCompact(w, new SrvggConfig(scale, 64, 32));
            Tensor x = Tensor.empty(dry, DType.F32, Shape.of(1, side, side, 3));
            Pool pool = dry.pool();
            pool.trim();
            long before = pool.usedBytes(), estimate = net.bytesPerPixel() * side * side * scale * scale;
            pool.resetPeak();
            net.forward(x);
            assertThat(pool.peakBytes() - before).isBetween(estimate * 3 / 4, estimate * 5 / 4);
        }
    }

    @Test void impossibleSizesAreRefused() {
        assertThatThrownBy(() -> new SrvggConfig(9, 64, 32)).hasMessage("an SRVGGNetCompact has scale 1 to 8, not 9");
        assertThatThrownBy(() -> new SrvggConfig(4, 0, 32)).hasMessageContaining("at least 1, not 0");
        assertThatThrownBy(() -> new SrvggConfig(4, 64, 1 << 30)).hasMessageContaining("convolutions");
    }
}
