package dev.faithdiff.restore.supir;

import static dev.faithdiff.restore.supir.Trace.TRACE;
import static dev.faithdiff.restore.supir.Trace.atol;
import static dev.faithdiff.restore.supir.Trace.control;
import static dev.faithdiff.restore.supir.Trace.features;
import static dev.faithdiff.restore.supir.Trace.sites;
import static dev.faithdiff.restore.supir.Trace.stored;
import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.Fixtures;
import dev.faithdiff.networks.NetworkBattery;
import dev.faithdiff.networks.NetworkBattery.Build;
import dev.faithdiff.networks.NetworkBattery.Released;
import dev.faithdiff.networks.NetworkBattery.Stored;
import dev.faithdiff.networks.supir.Connectors;
import dev.faithdiff.networks.unet.Control;
import dev.faithdiff.networks.unet.Site;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** SUPIR's connectors against stored outputs of the published implementation. */
class SupirConnectorsTest {
    @TempDir static Path dir;

    private final UNetConfig sizes = TinySupir.unet();

    /** All connectors by themselves: the control's features, then what is at each site. */
    @TestFactory DynamicNode connectors() {
        Fixtures f = stored(TRACE);
        Stored all = null;
        for (int number : sites().keySet()) {
            String name = "unet.project_modules." + number;
            Stored own = Stored.of(f, name, atol(TRACE, name));
            all = all == null ? own : all.and(own);
        }
        return new NetworkBattery("SUPIR's connectors", TinySupir.connectors(dir), connectors(sizes, TinySupir.hidden()),
                () -> Stream.concat(Arrays.stream(control()), sites().values().stream().map(Trace::before)).toArray(Tensor[]::new), all,
                new Released(List.of("connectors_supir"), connectors(UNetConfig.SDXL, 128), released(UNetConfig.SDXL, 64), 228_000_000)).tests();
    }

    /** The control's features, and what is at each site, for latents of a side. */
    private static List<Shape> released(UNetConfig c, int side) {
        List<Shape> all = new ArrayList<>();
        List<Integer> widths = c.skipWidths();
        int[] channels = c.channels();
        int last = channels.length - 1, width = channels[last], skip = widths.size();
        for (int i = 0; i < widths.size(); i++) all.add(Shape.of(1, side >> i / (c.layers() + 1), side >> i / (c.layers() + 1), widths.get(i)));
        for (int i = 0; i < 2; i++) all.add(Shape.of(1, side >> last, side >> last, width)); // the control's middle, and the U-Net's
        for (int i = last; i >= 0; i--) {
            for (int j = 0; j <= c.layers(); j++) {
                all.add(Shape.of(1, side >> i, side >> i, width + widths.get(--skip)));
                width = channels[i];
            }
            if (i > 0) all.add(Shape.of(1, side >> i, side >> i, width));
        }
        return all;
    }

    private Build connectors(UNetConfig c, int hidden) {
        List<Site> order = List.copyOf(sites().values());
        return w -> {
            Connectors net = new Connectors(w, c, hidden);
            return in -> {
                int seen = c.skipWidths().size() + 1;
                Control control = net.to(features(Arrays.copyOf(in, seen)), 1);
                List<Tensor> all = new ArrayList<>();
                for (int i = 0; i < order.size(); i++) all.add(control.at(order.get(i), in[seen + i]));
                return NetworkBattery.together(all);
            };
        };
    }

    /** Scale 0 leaves all as it was, and one between mixes. */
    @Test void scaleMixes() {
        try (Weights w = Weights.open(TinySupir.connectors(dir), Device.CPU); Scope _ = Scope.open()) {
            Connectors net = new Connectors(w, sizes, TinySupir.hidden());
            for (Site site : sites().values()) {
                Tensor h = Trace.before(site);
                float[] none = net.to(features(control()), 0).at(site, h).toFloats(), half = net.to(features(control()), 0.5f).at(site, h).toFloats();
                float[] whole = net.to(features(control()), 1).at(site, h).toFloats(), own = h.toFloats();
                assertThat(none).isEqualTo(own);
                for (int i = 0; i < half.length; i++) assertThat(half[i]).isCloseTo((whole[i] + own[i]) / 2, Offset.offset(1e-5f));
            }
        }
    }
}
