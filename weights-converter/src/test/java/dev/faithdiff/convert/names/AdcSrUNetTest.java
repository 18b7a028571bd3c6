package dev.faithdiff.convert.names;

import static dev.faithdiff.Fixtures.tensor;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.KeyLists;
import dev.faithdiff.networks.unet.Control;
import dev.faithdiff.networks.unet.Recorder;
import dev.faithdiff.networks.unet.Site;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.networks.unet.UNetConfig.Kind;
import dev.faithdiff.networks.unet.UNetConfig.Norm;
import dev.faithdiff.networks.unet.UNetConfig.Time;
import dev.faithdiff.networks.unet.UNetConfig.Transformers;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** AdcSR's U-Net, which knows neither time nor text, against the published implementation. */
@Tag("full")
class AdcSrUNetTest {
    private static final JsonObject JSON = Fixtures.json("adcsr/adcsr.json");
    private static final String UNET = "module.body.1.", ALIASES = UNET + "body.";
    private static final Pattern BLOCK = Pattern.compile("unet\\.(down|up)_blocks\\.(\\d+)\\.(resnets|attentions|downsamplers|upsamplers)\\.(\\d+)");

    private static int[] integers(JsonObject in, String key) {
        return in.getAsJsonArray(key).asList().stream().mapToInt(JsonElement::getAsInt).toArray();
    }

    private static UNetConfig config() {
        JsonObject c = JSON.getAsJsonObject("config");
        JsonArray attends = c.getAsJsonArray("transformer_levels");
        int[] depth = attends.asList().stream().mapToInt(e -> e.getAsBoolean() ? 1 : 0).toArray();
        return config(c.get("unet_in_channels").getAsInt(), c.get("unet_out_channels").getAsInt(), integers(c, "unet_widths"),
                c.get("resnets_per_down_level").getAsInt(), depth, integers(c, "unet_heads"), integers(c, "unet_group_rule"));
    }

    private static UNetConfig config(int in, int out, int[] widths, int layers, int[] depth, int[] heads, int[] groups) {
        Transformers transformers = new Transformers(depth, 1, heads, true, List.of(new Kind("attentions", 0)));
        return new UNetConfig(in, out, widths, layers, Time.NONE, transformers, new Norm(groups, 1e-5f));
    }

    private static Map<String, Source> unet(Map<String, Source> file) {
        Map<String, Source> chosen = new LinkedHashMap<>();
        file.forEach((name, source) -> {
            if (name.startsWith(UNET) && !name.startsWith(ALIASES)) chosen.put(name.substring(UNET.length()), source);
        });
        return chosen;
    }

    @Test void blocksAndResult() throws IOException {
        UNetConfig config = config();
        Fixtures f = Fixtures.open("adcsr/trace.safetensors");
        try (Scope _ = Scope.open(); Weights w = TorchWeights.open(Fixtures.path("adcsr/weight/net_params_200.pkl"), AdcSrUNetTest::unet)) {
            UNet unet = new UNet(w, config);
            w.done();
            assertThat(unet.time()).isNull();
            Recorder recorder = new Recorder(Control.NONE);
            Tensor h = unet.embed(tensor(f, "pixel_unshuffle")), out = unet.denoise(h, null, recorder, List.of());
            Fixtures.assertClose("conv_in", h, f, "unet.conv_in", atol("unet.conv_in"));
            Fixtures.assertClose("conv_out", out, f, "unet.conv_out", atol("unet.conv_out"));
            recorder.check(new Site.Middle(), f, "unet.mid_block.resnets.1", atol("unet.mid_block.resnets.1"));
            int checked = 0, levels = config.channels().length;
            for (String name : f.names()) {
                Site site = site(config, name);
                if (site == null) continue;
                recorder.check(site, f, name, atol(name));
                checked++;
            }
            assertThat(checked).isEqualTo(levels * (2 * config.layers() + 1) + 2 * (levels - 1)); // layers, halvings and doublings
        }
    }

    private static double atol(String name) {
        return JSON.getAsJsonObject("files").getAsJsonObject("trace.safetensors").getAsJsonObject("errors").getAsJsonObject(name)
                .get("suggested_atol").getAsDouble();
    }

    /** Where a control sees what the fixture has under a name; null where none does: a resnet before a transformer. */
    private static Site site(UNetConfig c, String name) {
        Matcher m = BLOCK.matcher(name);
        if (!m.matches()) return null;
        boolean down = m.group(1).equals("down");
        int block = Integer.parseInt(m.group(2)), level = down ? block : c.channels().length - 1 - block, layer = Integer.parseInt(m.group(4));
        boolean lastOfLayer = m.group(3).equals("attentions") || c.transformers().depth()[level] == 0;
        return switch (m.group(3)) {
            case "downsamplers" -> Recorder.down(c, level);
            case "upsamplers" -> new Site.Joined(level - 1, 0);
            default -> lastOfLayer ? new Site.Layer(down ? Site.Part.DOWN : Site.Part.UP, level, layer) : null;
        };
    }

    @Test void takesThePublishedKeys() {
        Map<String, Shape> keys = KeyLists.of("unet_adcsr");
        JsonObject full = Fixtures.json("adcsr/adcsr.json").getAsJsonObject("full_size");
        assertThat(keys.values().stream().mapToLong(Shape::count).sum()).isEqualTo(full.get("unet").getAsLong());
        UNetConfig c = config(12, 256, integers(full, "unet_widths"), 2, new int[] {1, 1, 1, 0}, integers(full, "unet_heads"),
                integers(JSON.getAsJsonObject("config"), "unet_group_rule"));
        full.getAsJsonObject("groups_by_channels").asMap().forEach((channels, groups) ->
                assertThat(c.norm().groups(Integer.parseInt(channels))).as("groups of %s channels", channels).isEqualTo(groups.getAsInt()));
        try (Weights w = Weights.shapes("net_params_200.pkl", keys)) {
            new UNet(w, c);
            assertThat(w.done().parameters("")).hasSize(keys.size());
        }
    }
}
