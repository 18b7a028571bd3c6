package dev.faithdiff.networks.unet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.networks.unet.UNetConfig.Kind;
import dev.faithdiff.networks.unet.UNetConfig.Norm;
import dev.faithdiff.networks.unet.UNetConfig.Time;
import dev.faithdiff.networks.unet.UNetConfig.Transformers;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** At which sites a U-Net asks its control, and that it goes on with what it is given there. */
@Tag("full")
class ControlTest {
    private static final UNetConfig SIZES = new UNetConfig(4, 4, new int[] {8, 16}, 1, new Time(32, 0, 0),
            new Transformers(new int[] {0, 1}, 1, new int[] {1, 2}, true, List.of(Kind.text(12))), new Norm(new int[] {4}, 1e-5f));

    private final Weights weights = Weights.init(1, Device.CPU);
    private final UNet unet = new UNet(weights, SIZES);
    private Scope scope;

    @BeforeEach void open() { scope = Scope.open(); }

    @AfterEach void close() {
        scope.close();
        weights.close();
    }

    private float[] predict(Control control) {
        Rng rng = Rng.cpu(2);
        Tensor latents = Tensor.of(rng.randn(6 * 4 * 4), 1, 6, 4, 4), text = Tensor.of(rng.randn(3 * 12), 1, 3, 12);
        return unet.denoise(unet.embed(latents), unet.time().forward(new float[] {7}, latents), control, List.of(new Context(text))).toFloats();
    }

    @Test void asksAtEachSiteInTheOrderOfTheWork() {
        List<String> asked = new ArrayList<>();
        predict((site, h) -> {
            asked.add(site + " " + h.shape());
            return h;
        });
        assertThat(asked).containsExactly(
                "Resnet[part=DOWN, level=0, layer=0] [1, 6, 4, 8]", "Layer[part=DOWN, level=0, layer=0] [1, 6, 4, 8]",
                "Resnet[part=DOWN, level=1, layer=0] [1, 3, 2, 16]", "Layer[part=DOWN, level=1, layer=0] [1, 3, 2, 16]",
                "Resnet[part=MIDDLE, level=1, layer=0] [1, 3, 2, 16]", "Layer[part=MIDDLE, level=1, layer=0] [1, 3, 2, 16]",
                "Resnet[part=MIDDLE, level=1, layer=1] [1, 3, 2, 16]", "Layer[part=MIDDLE, level=1, layer=1] [1, 3, 2, 16]",
                "Middle[] [1, 3, 2, 16]",
                "Skip[index=3] [1, 3, 2, 16]", "Joined[level=1, layer=0] [1, 3, 2, 32]",
                "Resnet[part=UP, level=1, layer=0] [1, 3, 2, 16]", "Layer[part=UP, level=1, layer=0] [1, 3, 2, 16]",
                "Skip[index=2] [1, 3, 2, 8]", "Joined[level=1, layer=1] [1, 3, 2, 24]",
                "Resnet[part=UP, level=1, layer=1] [1, 3, 2, 16]", "Layer[part=UP, level=1, layer=1] [1, 3, 2, 16]",
                "Skip[index=1] [1, 6, 4, 8]", "Joined[level=0, layer=0] [1, 6, 4, 24]",
                "Resnet[part=UP, level=0, layer=0] [1, 6, 4, 8]", "Layer[part=UP, level=0, layer=0] [1, 6, 4, 8]",
                "Skip[index=0] [1, 6, 4, 8]", "Joined[level=0, layer=1] [1, 6, 4, 16]",
                "Resnet[part=UP, level=0, layer=1] [1, 6, 4, 8]", "Layer[part=UP, level=0, layer=1] [1, 6, 4, 8]");
    }

    @Test void aControlThatGivesBackWhatItGotChangesNoBit() {
        assertThat(predict((site, h) -> h)).isEqualTo(predict(Control.NONE));
        assertThat(predict((site, h) -> h.mul(1))).isEqualTo(predict(Control.NONE));
    }

    @Test void whatItGivesAtASiteIsUsed() {
        List<Site> sites = new ArrayList<>();
        float[] plain = predict((site, h) -> {
            sites.add(site);
            return h;
        });
        for (Site one : sites) {
            assertThat(predict((site, h) -> site.equals(one) ? h.mul(1.5f) : h)).as("with more at %s", one).isNotEqualTo(plain);
        }
    }
}
