package dev.faithdiff.restore.supir;

import static dev.faithdiff.Fixtures.tensor;
import static dev.faithdiff.restore.supir.Trace.TRACE;
import static dev.faithdiff.restore.supir.Trace.atol;
import static dev.faithdiff.restore.supir.Trace.check;
import static dev.faithdiff.restore.supir.Trace.facts;
import static dev.faithdiff.restore.supir.Trace.output;
import static dev.faithdiff.restore.supir.Trace.sites;
import static dev.faithdiff.restore.supir.Trace.stored;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.networks.NetworkBattery;
import dev.faithdiff.networks.NetworkBattery.Build;
import dev.faithdiff.networks.NetworkBattery.Released;
import dev.faithdiff.networks.NetworkBattery.Stored;
import dev.faithdiff.networks.clip.PromptEncoder.Prompt;
import dev.faithdiff.networks.supir.GlvControl;
import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.Control;
import dev.faithdiff.networks.unet.FirstHalf;
import dev.faithdiff.networks.unet.Shortcut;
import dev.faithdiff.networks.unet.Site;
import dev.faithdiff.networks.unet.Sinusoid;
import dev.faithdiff.networks.unet.TimeEmbedding;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.networks.vae.Encoder;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.networks.vae.VaeConfig;
import dev.faithdiff.networks.vae.VaeEncoder;
import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.diffusion.EulerSampler;
import dev.faithdiff.restore.diffusion.Guidance;
import dev.faithdiff.restore.diffusion.Levels;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.restore.tiles.SideBySideTiles;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.restore.tiles.TileSink;
import dev.faithdiff.restore.tiles.TileSource;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** SUPIR's networks against stored outputs of the published implementation. The project's own set has none of them. */
class SupirNetworksTest {
    private static final float TIME = 500;
    @TempDir static Path dir;

    private final UNetConfig sizes = TinySupir.unet();

    private static void with(String version, Consumer<SupirModel> test) {
        assumeTrue(TinySupir.isWhole(), "this set has no networks but the connectors");
        SupirModel m = SupirModel.open(new ModelFolder(TinySupir.stored(dir, version)), Compute.on(Device.CPU));
        try (SdModel _ = m.base(); Scope _ = Scope.open()) {
            test.accept(m);
        }
    }

    /** The control by itself. */
    @TestFactory Stream<DynamicNode> glvControl() {
        if (!TinySupir.isWhole()) return Stream.of();
        Fixtures f = stored(TRACE);
        Stored all = Stored.of(f, "control.0", atol(TRACE, "control.0"));
        for (int i = 1; f.has("control." + i); i++) all = all.and(Stored.of(f, "control." + i, atol(TRACE, "control." + i)));
        List<Shape> released = List.of(Shape.of(1, 64, 64, 4), Shape.of(1, 64, 64, 4), Shape.of(1, 77, 2048), Shape.of(1, 1280), Shape.of(1, 6));
        return Stream.of(new NetworkBattery("SUPIR's control", TinySupir.control(dir), glvControl(sizes), () -> new Tensor[] {row("latents"),
            tensor(f, "lq"), row("context"), pooled().slice(0, 1, 2), ids()}, all,
            new Released(List.of("control_supir"), glvControl(UNetConfig.SDXL), released, 79_000_000)).tests());
    }

    private Build glvControl(UNetConfig c) {
        return w -> {
            GlvControl net = new GlvControl(w, c);
            return in -> {
                FirstHalf.Features seen = net.forward(in[0], in[1], net.time().forward(new float[] {TIME}, in[3], in[4]), Context.once(in[2]));
                List<Tensor> all = new ArrayList<>(seen.skips());
                all.add(seen.middle());
                return NetworkBattery.together(all);
            };
        };
    }

    /** The encoder for degraded photos, without the convolution behind it that it shares. */
    @TestFactory Stream<DynamicNode> encoder() {
        if (!TinySupir.isWhole()) return Stream.of();
        VaeConfig full = new VaeConfig(new int[] {128, 256, 512, 512}, 2, 4, 32, true, 0.13025f);
        Stored all = Stored.of(stored("first_stage"), "denoise_encoder.out", atol("first_stage", "denoise_encoder.out"));
        return Stream.of(new NetworkBattery("SUPIR's encoder", TinySupir.stored(dir, "Q").resolve("lq_encoder/model.safetensors"),
                encoder(TinySupir.vae()), () -> new Tensor[] {image("image")}, all,
                new Released(List.of("encoder_supir"), encoder(full), List.of(Shape.of(1, 512, 512, 3)), 408_000_000)).tests());
    }

    private static Build encoder(VaeConfig c) {
        return w -> {
            VaeEncoder net = new VaeEncoder(w.at("denoise_encoder"), c);
            return in -> net.forward(in[0]);
        };
    }

    private static Tensor image(String name) {
        Image in = ImageFiles.read(Fixtures.path("supir/stages/" + name + ".png"));
        return in.toTensor();
    }

    /** The traced row, that of the prompt. */
    private static Tensor row(String name) { return tensor(stored(TRACE), name).slice(0, 1, 2); }

    /** Pooled text of both rows. */
    private Tensor pooled() {
        Tensor vector = tensor(stored(TRACE), "vector");
        return vector.slice(1, 0, vector.size(1) - 6 * sizes.time().sizeWidth());
    }

    private static Tensor ids() { return Tensor.of(new float[] {1024, 1024, 0, 0, 1024, 1024}, 1, 6); }

    /** The U-Net's answer to one of the stored rows. @param seen what watches the control */
    private Tensor predict(SupirModel m, float time, float scale, int row, UnaryOperator<Control> seen) {
        Tensor latents = tensor(stored(TRACE), "latents"), photo = tensor(stored(TRACE), "lq");
        Context text = new Context(tensor(stored(TRACE), "context").slice(0, row, row + 1));
        Tensor x = latents.slice(0, row, row + 1), pooled = pooled().slice(0, row, row + 1);
        float[] times = {time};
        FirstHalf.Features features = m.control().forward(x, photo, m.control().time().forward(times, pooled, ids()), text);
        Control control = seen.apply(m.connectors().to(features, scale));
        return m.base().unet.denoise(m.base().unet.embed(x), m.base().unet.time().forward(times, pooled, ids()), control, List.of(text));
    }

    @Test void hasThePublishedFeatures() {
        with("Q", m -> {
            Fixtures f = stored(TRACE);
            Map<Site, Tensor> before = new LinkedHashMap<>(), after = new LinkedHashMap<>();
            Scope outer = Scope.current();
            Tensor out = predict(m, TIME, 1, 1, control -> (site, h) -> {
                before.put(site, outer.adopt(h.mul(1)));
                Tensor next = control.at(site, h);
                after.put(site, outer.adopt(next.mul(1)));
                return next;
            });
            sites().forEach((number, site) -> check(TRACE, "unet.project_modules." + number, after.get(site)));
            check(TRACE, "unet.middle_block", before.get(new Site.Middle()));
            int last = sizes.channels().length - 1, skips = sizes.skipWidths().size();
            for (int i = 0; i < skips; i++) check(TRACE, "unet.input_blocks." + i, before.get(new Site.Skip(i)));
            for (int i = last; i >= 0; i--) {
                for (int j = 0; j <= sizes.layers(); j++) check(TRACE, output(i, j), before.get(new Site.Layer(Site.Part.UP, i, j)));
                if (i > 0) check(TRACE, output(i, sizes.layers()).replaceFirst("1$", "2"), before.get(new Site.Joined(i - 1, 0)));
            }
            check(TRACE, "out", out);
            times(m.control().time(), f, "control");
            times(m.base().unet.time(), f, "unet");
            Weights w = m.base().weights("control/model.safetensors");
            Conv2d hint = new Conv2d(w.at("input_hint_block.0"), sizes.inChannels(), sizes.channels()[0], 3);
            check(TRACE, "control.input_hint_block", hint.forward(tensor(f, "lq")));
        });
    }

    /** The time embedding before anything is added, after SiLU as resnets take it, and what is added. */
    private void times(TimeEmbedding time, Fixtures f, String network) {
        Tensor added = time.added(pooled().slice(0, 1, 2), ids());
        if (f.has(network + ".label_emb")) check(TRACE, network + ".label_emb", added);
        String name = network + ".time_embed";
        float[] expected = tensor(f, name).silu().toFloats(), own = time.with(new float[] {TIME}, added.mul(0)).toFloats();
        Fixtures.assertClose(name, own, expected, atol(TRACE, name));
    }

    @Test void predicts() {
        with("Q", m -> {
            for (String name : stored("network").names()) {
                Matcher n = Pattern.compile("t(\\d+)_scale([\\d.]+)").matcher(name);
                assertThat(n.matches()).isTrue();
                float time = Float.parseFloat(n.group(1)), scale = Float.parseFloat(n.group(2));
                check("network", name, predict(m, time, scale, 0, c -> c).concat(0, predict(m, time, scale, 1, c -> c)));
            }
        });
    }

    /** The denoiser at given noise: guided, and each row by guidance of scales 0 and 1. */
    @Test void guides() {
        with("Q", m -> {
            Fixtures f = stored("denoiser"), c = stored("condition");
            JsonObject settings = facts("denoiser").getAsJsonObject("settings");
            Prompt both = prompt(c, "uc").with(prompt(c, "c"));
            settings.asMap().forEach((name, setting) -> {
                Matcher n = Pattern.compile("scale ([\\d.]+) -> ([\\d.]+), control ([\\d.]+)").matcher(setting.getAsString());
                assertThat(n.matches()).isTrue();
                String shown = name.substring("sigma".length());
                double most = m.table().sigma(m.table().timesteps() - 1); // of which the name has the first digits
                double sigma = shown.equals(String.valueOf((int) (10 * most) / 10.0)) ? most : Double.parseDouble(shown),
                control = Double.parseDouble(n.group(3));
                check("denoiser", name + ".guided", clean(m, both, tensor(f, "lq"), tensor(f, name + ".x"), sigma,
                        new Ramp(Double.parseDouble(n.group(1)), Double.parseDouble(n.group(2))), control));
                Tensor negative = clean(m, both, tensor(f, "lq"), tensor(f, name + ".x"), sigma, new Ramp(0, 0), control);
                check("denoiser", name + ".denoised_rows", negative.concat(0, clean(m, both, tensor(f, "lq"), tensor(f, name + ".x"), sigma,
                        new Ramp(1, 1), control)));
            });
        });
    }

    private static Prompt prompt(Fixtures c, String row) {
        Tensor states = tensor(c, row + ".crossattn"), vector = tensor(c, row + ".vector");
        return new Prompt(states, vector.slice(1, 0, vector.size(1) - 6 * TinySupir.unet().time().sizeWidth()));
    }

    /** The clean latents that one step predicts. */
    private static Tensor clean(SupirModel m, Prompt both, Tensor photo, Tensor x, double sigma, Ramp guidance, double control) {
        int h = x.size(1), w = x.size(2);
        float s = (float) sigma;
        Sampler sampler = EulerSampler.euler(Levels.chain(new double[] {m.table().nearest(s)}, new float[] {s}, 0), 1);
        Plan plan = new Plan(m.base().schedule, sampler, new Guidance(2, 0), TileGrid.of(h, w, h, w, 1));
        SupirSteps steps = new SupirSteps(plan, 0, guidance, new Ramp(control, control), null);
        Tensor noise = new SupirDenoiser(m, steps, List.of(both), photo, null)
                .predict(sampler.scaleInput(x, 0), new Denoiser.At(0, 0, sampler.timesteps()[0], true, Shortcut.NONE));
        return x.sub(noise.mul(s));
    }

    @Test void readsPromptsAsPublished() {
        with("Q", m -> {
            JsonArray prompts = Fixtures.json("supir/prompts.json").getAsJsonArray("prompts");
            List<Tensor> first = new ArrayList<>(), second = new ArrayList<>(), pooled = new ArrayList<>();
            int width = Fixtures.open("supir/stages/text.safetensors").shape("encoder_1_penultimate").size(2);
            for (JsonElement p : prompts) {
                Prompt own = m.base().prompts.encode(p.getAsString());
                first.add(own.states().slice(2, 0, width));
                second.add(own.states().slice(2, width, own.states().size(2)));
                pooled.add(own.pooled());
            }
            check("text", "encoder_1_penultimate", rows(first));
            check("text", "encoder_2_penultimate", rows(second));
            check("text", "encoder_2_pooled", rows(pooled));
            Fixtures c = stored("condition");
            for (String row : List.of("c", "uc")) {
                Prompt own = m.base().prompts.encode(facts("condition").get(row.equals("c") ? "prompt" : "negative_prompt").getAsString());
                check("condition", row + ".crossattn", own.states());
                float[] sizes = Sinusoid.embed(ids().toFloats(), TinySupir.unet().time().sizeWidth());
                check("condition", row + ".vector", own.pooled().concat(1, Tensor.of(sizes, 1, sizes.length)));
                assertThat(c.has(row + ".vector")).isTrue();
            }
        });
    }

    private static Tensor rows(List<Tensor> all) { return all.getFirst().concat(0, all.subList(1, all.size()).toArray(Tensor[]::new)); }

    @Test void findsTheLatentsOfThePhoto() {
        with("Q", m -> {
            Vae own = m.base().vae;
            VaeConfig c = own.config();
            Tensor image = image("image"), parameters = m.robust().encode(image);
            Weights w = m.base().weights("lq_encoder/model.safetensors").at("denoise_encoder");
            check("first_stage", "denoise_encoder.mid", new Encoder(w, c.channels(), c.layers(), c.groups(), c.midAttention()).forward(image));
            check("first_stage", "denoise_moments", parameters);
            check("first_stage", "z_stage1_lq", Vae.Gaussian.of(parameters).mean().mul(c.scaling()));
            check("first_stage", "encoder_moments", own.encode(image));
            check("first_stage", "decoded", own.decode(tensor(stored("first_stage"), "latents").mul(1 / c.scaling())));
            check("first_stage", "batchify_denoise", own.decode(Vae.Gaussian.of(parameters).mean()));
        });
        with("F", m -> check("first_stage_F", "z_stage1_lq",
                Vae.Gaussian.of(m.robust().encode(image("image"))).mean().mul(m.base().vae.config().scaling())));
    }

    /** The published tiles of the autoencoder, of its encoder without the convolution behind it, and of latents that are not scaled. */
    @Test void worksInTiles() {
        with("Q", m -> {
            Vae vae = m.base().vae;
            VaeEncoder encoder = new VaeEncoder(m.base().weights("lq_encoder/model.safetensors").at("denoise_encoder"), vae.config());
            int down = vae.config().downscale();
            VaeConfig c = vae.config();
            Tensor image = image("image_tiled"), z = tensor(stored("tiled_vae"), "z");
            int height = image.size(1), width = image.size(2);
            for (String name : facts("tiled_vae").getAsJsonObject("boxes").keySet()) {
                Matcher n = Pattern.compile("enc(\\d+)_dec(\\d+)").matcher(name);
                assertThat(n.matches()).isTrue();
                Tensor all = Tensor.empty(Device.CPU, DType.F32, Shape.of(1, height / down, width / down, 2 * c.latentChannels()));
                new SideBySideTiles(height, width, Integer.parseInt(n.group(1)), 32)
                        .apply(TileSource.of(image), DType.F32, encoder::forward, 1, down, TileSink.into(all));
                check("tiled_vae", name + ".denoise_encoder", all);
                Tensor pixels = Tensor.empty(Device.CPU, DType.F32, Shape.of(1, z.size(1) * down, z.size(2) * down, 3));
                new SideBySideTiles(z.size(1), z.size(2), Integer.parseInt(n.group(2)), 11)
                        .apply(TileSource.of(z), DType.F32, vae::decode, down, 1, TileSink.into(pixels));
                check("tiled_vae", name + ".decoder", pixels.slice(2, 64, 192)); // the columns that are stored
            }
        });
    }
}
