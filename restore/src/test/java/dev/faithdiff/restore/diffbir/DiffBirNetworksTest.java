package dev.faithdiff.restore.diffbir;

import static dev.faithdiff.Fixtures.tensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.KeyLists;
import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.FloatImage;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.networks.NetworkBattery;
import dev.faithdiff.networks.NetworkBattery.Build;
import dev.faithdiff.networks.NetworkBattery.Released;
import dev.faithdiff.networks.NetworkBattery.Stored;
import dev.faithdiff.networks.rrdb.RrdbConfig;
import dev.faithdiff.networks.rrdb.RrdbNet;
import dev.faithdiff.networks.swinir.SwinIr;
import dev.faithdiff.networks.swinir.SwinIrConfig;
import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.ControlNet;
import dev.faithdiff.networks.unet.Residuals;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.sd.Cleaner;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** DiffBIR's networks, resizing, colours, guidance and tiles against stored outputs of the published implementation. */
@Tag("full")
class DiffBirNetworksTest {
    private static final JsonObject FILES = Fixtures.json("diffbir/diffbir.json").getAsJsonObject("files");
    private static final Pattern SHORT = Pattern.compile("short_edge_(\\d+)");
    @TempDir static Path dir;

    private static JsonObject facts(String file) { return FILES.getAsJsonObject(file + ".safetensors"); }

    private static double atol(String file, String tensor) {
        return facts(file).getAsJsonObject("errors").getAsJsonObject(tensor).get("suggested_atol").getAsDouble();
    }

    /** The project's own set has not all tensors. */
    private static void check(String file, String name, Tensor actual) {
        Fixtures f = Fixtures.open("diffbir/" + file + ".safetensors");
        if (f.has(name)) Fixtures.assertClose(file + " " + name, actual, f, name, atol(file, name));
    }

    private static Path part(String version, String name) { return TinyDiffBir.folder(dir, version).resolve(name).resolve("model.safetensors"); }

    private static Config model(String version) { return new ModelFolder(TinyDiffBir.folder(dir, version)).description(); }

    @Test void swinIr() {
        assumeThat(Files.exists(Fixtures.path("diffbir/cleaner_swinir.safetensors"))).isTrue();
        try (Weights w = Weights.open(part("v2.1", "cleaner"), Device.CPU); Scope _ = Scope.open()) {
            SwinIr net = new SwinIr(w, SwinIrConfig.of(model("v2.1").at(Cleaner.KEY)));
            w.done();
            check("cleaner_swinir", "y", net.forward(tensor(Fixtures.open("diffbir/cleaner_swinir.safetensors"), "x")));
        }
    }

    /** A photo as version 2.1 cleans it. */
    @TestFactory DynamicNode swinIrBattery() {
        String run = "runs/v21_dpm3msde_cfg8";
        Fixtures f = Fixtures.open("diffbir/" + run + "/run.safetensors");
        int h = f.shape("cleaned").size(2), w = f.shape("cleaned").size(3);
        Supplier<Tensor[]> photo = () -> {
            Image lr = ImageFiles.read(Fixtures.path("diffbir/" + run + "/lr.png"));
            FloatImage large = FloatImage.of(Resize.resize(lr, w, h, Filter.BICUBIC));
            return new Tensor[] {large.padTo(64).toTensor()};
        };
        SwinIrConfig small = SwinIrConfig.of(model("v2.1").at(Cleaner.KEY)), full = SwinIrConfig.of(new NamedShapes(KeyLists.of("swinir")));
        Stored stored = Stored.of(f, "cleaned", atol(run + "/run", "cleaned"));
        return new NetworkBattery("SwinIR", part("v2.1", "cleaner"), swinIr(small, h, w), photo, stored,
                new Released(List.of("swinir"), swinIr(full, 512, 512), List.of(Shape.of(1, 512, 512, 3)), 145_000_000)).tests();
    }

    /** Of a padded image, whose first rows and columns count. */
    private static Build swinIr(SwinIrConfig sizes, int h, int w) {
        return weights -> {
            SwinIr net = new SwinIr(weights, sizes);
            return in -> net.forward(in[0]).slice(1, 0, h).slice(2, 0, w);
        };
    }

    @Test void bsrNet() {
        assumeThat(Files.exists(Fixtures.path("diffbir/cleaner_bsrnet.safetensors"))).isTrue();
        try (Weights w = Weights.open(part("v2", "cleaner"), Device.CPU); Scope _ = Scope.open()) {
            RrdbNet net = new RrdbNet(w, RrdbConfig.of(model("v2").at(Cleaner.KEY)));
            w.done();
            check("cleaner_bsrnet", "y", net.forward(tensor(Fixtures.open("diffbir/cleaner_bsrnet.safetensors"), "x")));
        }
    }

    /** What IRControlNet adds at each site, and the U-Net's answer under it. */
    @Test void control() {
        Matcher t = Pattern.compile("t (\\d+)\\..*", Pattern.DOTALL).matcher(facts("control").get("note").getAsString());
        assertThat(t.matches()).isTrue();
        Fixtures f = Fixtures.open("diffbir/control.safetensors");
        try (SdModel model = SdModel.open(new ModelFolder(TinyDiffBir.folder(dir, "v2")), Compute.on(Device.CPU)); Scope _ = Scope.open()) {
            UNetConfig sizes = model.sizes.withInputs(2 * model.sizes.inChannels());
            ControlNet control = new ControlNet(model.weights("control/model.safetensors"), sizes);
            Tensor x = tensor(f, "x"), hint = tensor(f, "hint"), context = tensor(f, "context");
            float[] time = {Float.parseFloat(t.group(1))};
            Residuals added = control.forward(control.embed(x.concat(3, hint)), control.time().forward(time, context), List.of(new Context(context)));
            for (int i = 0; i < added.skips().size(); i++) check("control", "control." + i, added.skips().get(i));
            check("control", "control." + added.skips().size(), added.middle());
            Tensor temb = model.unet.time().forward(time, context);
            for (String name : f.names().stream().filter(n -> n.startsWith("out")).toList()) {
                float strength = name.equals("out") ? 1 : Float.parseFloat(name.substring("out_strength_".length()));
                check("control", name, model.unet.denoise(model.unet.embed(x), temb, added.times(strength), List.of(new Context(context))));
            }
        }
    }

    /** Two rows of latents, conditions and texts at once, at several timesteps. */
    @Test void rows() {
        assumeThat(Files.exists(Fixtures.path("diffbir/cldm.safetensors"))).isTrue();
        Fixtures f = Fixtures.open("diffbir/cldm.safetensors");
        try (SdModel model = SdModel.open(new ModelFolder(TinyDiffBir.folder(dir, "v2")), Compute.on(Device.CPU)); Scope _ = Scope.open()) {
            ControlNet control = new ControlNet(model.weights("control/model.safetensors"), model.sizes.withInputs(2 * model.sizes.inChannels()));
            Tensor x = tensor(f, "x"), context = tensor(f, "context");
            for (String name : f.names().stream().filter(n -> n.matches("t\\d+")).toList()) {
                float[] time = new float[x.size(0)];
                Arrays.fill(time, Float.parseFloat(name.substring(1)));
                Residuals added = control.forward(control.embed(x.concat(3, tensor(f, "hint"))), control.time().forward(time, context),
                        List.of(new Context(context)));
                Tensor temb = model.unet.time().forward(time, context);
                check("cldm", name, model.unet.denoise(model.unet.embed(x), temb, added, List.of(new Context(context))));
            }
        }
    }

    private static int number(Matcher m, int group) { return Integer.parseInt(m.group(group)); }

    private static FloatImage image(String name) {
        return FloatImage.of(tensor(Fixtures.open("diffbir/colour_resize.safetensors"), name));
    }

    @Test void resizesAndColours() {
        Fixtures f = Fixtures.open("diffbir/colour_resize.safetensors");
        try (Scope _ = Scope.open()) {
            FloatImage content = image("content"), style = image("style");
            check("colour_resize", "wavelet", ColorFix.wavelet(content, style).toTensor());
            int resized = 0;
            for (String name : f.names()) {
                Matcher size = Pattern.compile("bicubic_antialias_\\w+_(\\d+)x(\\d+)").matcher(name), side = SHORT.matcher(name);
                if (size.matches()) resized += checkResized(name, i -> i.resized(number(size, 2), number(size, 1)));
                if (side.matches()) resized += checkResized(name, i -> DiffBir.shortSide(i, number(side, 1)));
            }
            assertThat(resized).isPositive();
        }
    }

    /** The stored results do not say of which image they are. */
    private static int checkResized(String name, UnaryOperator<FloatImage> work) {
        List<AssertionError> wrong = new ArrayList<>();
        for (String of : new String[] {"content", "style"}) {
            try {
                check("colour_resize", name, work.apply(image(of)).toTensor());
                return 1;
            } catch (AssertionError e) {
                wrong.add(e);
            }
        }
        throw wrong.getFirst();
    }

    @Test void restorationLosses() {
        Fixtures f = Fixtures.open("diffbir/guidance.safetensors");
        Matcher scale = Pattern.compile(".*g_scale ([\\d.]+) .*x(\\d{3,}).*", Pattern.DOTALL).matcher(facts("guidance").get("note").getAsString());
        assertThat(scale.matches()).isTrue();
        try (Scope _ = Scope.open()) {
            Tensor pred = tensor(f, "pred"), target = tensor(f, "target");
            for (RestorationLoss loss : RestorationLoss.values()) {
                Tensor change = loss.change(pred, target, Double.parseDouble(scale.group(1)) * number(scale, 2));
                check("guidance", loss + ".gradient", change);
            }
            check("guidance", "w_mse.weight_map", Tensor.of(RestorationLoss.W_MSE.weights(target), 1, target.size(1), target.size(2), 1));
        }
    }

    @Test void tilesLieAsPublished() {
        Fixtures f = Fixtures.open("diffbir/tile_weights.safetensors");
        facts("tile_weights").getAsJsonObject("windows").asMap().forEach((name, windows) -> {
            Matcher m = Pattern.compile("(\\d+)x(\\d+) size (\\d+) stride (\\d+)").matcher(name);
            assertThat(m.matches()).isTrue();
            int size = number(m, 3);
            TileGrid grid = TileGrid.of(number(m, 1), number(m, 2), size, size, number(m, 4) / (double) size);
            List<TileGrid.Tile> expected = new ArrayList<>();
            for (JsonElement e : windows.getAsJsonArray()) {
                JsonArray w = e.getAsJsonArray();
                assertThat(w.get(1).getAsInt() - w.get(0).getAsInt()).isEqualTo(grid.tileHeight());
                expected.add(new TileGrid.Tile(w.get(0).getAsInt(), w.get(2).getAsInt()));
            }
            assertThat(grid.tiles()).as(name).containsExactlyElementsOf(expected);
        });
        for (String name : f.names().stream().filter(n -> n.matches("w\\d+x\\d+")).toList()) {
            int h = f.shape(name).size(0), w = f.shape(name).size(1);
            double[] weights = TileGrid.of(h, w, h, w, 1).weights();
            float[] own = new float[weights.length], expected = f.floats(name);
            for (int i = 0; i < own.length; i++) own[i] = (float) weights[i];
            Fixtures.assertClose(name, own, expected, 1e-6 * expected[(h / 2) * w + w / 2]);
        }
    }

    /** The published tiles of the autoencoder, and the whole. */
    @Test void autoencoderInTiles() {
        assumeThat(TinyDiffBir.hasVae() && Files.exists(Fixtures.path("diffbir/vae_tiled.safetensors"))).isTrue();
        Fixtures f = Fixtures.open("diffbir/vae_tiled.safetensors");
        try (SdModel model = SdModel.open(new ModelFolder(TinyDiffBir.folder(dir, "v2")), Compute.on(Device.CPU)); Scope _ = Scope.open()) {
            Vae vae = model.vae;
            Tensor x = tensor(f, "x"), z = tensor(f, "z");
            float scale = vae.config().scaling();
            int down = vae.config().downscale(), h = x.size(1), w = x.size(2);
            Tensor plain = Vae.Gaussian.of(vae.encode(x)).mean();
            check("vae_tiled", "encode_plain", plain.mul(scale));
            for (String name : f.names().stream().filter(n -> n.startsWith("encode_tile_")).toList()) {
                Tensor all = Tensor.empty(Device.CPU, DType.F32, Shape.of(1, h / down, w / down, 2 * vae.config().latentChannels()));
                new SideBySideTiles(h, w, Integer.parseInt(name.substring("encode_tile_".length())), 32)
                        .apply(TileSource.of(x), DType.F32, vae::encode, 1, down, TileSink.into(all));
                check("vae_tiled", name, Vae.Gaussian.of(all).mean().mul(scale));
            }
            String note = facts("vae_tiled").get("note").getAsString();
            Matcher tile = Pattern.compile(".*Decoder: tile (\\d+) latents, pad (\\d+).*", Pattern.DOTALL).matcher(note);
            assertThat(tile.matches()).isTrue();
            Tensor latents = z.mul(1 / scale);
            Tensor whole = vae.decode(latents);
            int rows = f.shape("decode_plain").size(2);
            check("vae_tiled", "decode_plain", whole.slice(1, 0, rows));
            Tensor image = Tensor.empty(Device.CPU, DType.F32, Shape.of(1, z.size(1) * down, z.size(2) * down, 3));
            new SideBySideTiles(z.size(1), z.size(2), number(tile, 1), number(tile, 2))
                    .apply(TileSource.of(latents), DType.F32, vae::decode, down, 1, TileSink.into(image));
            check("vae_tiled", "decode_tile", image.slice(1, 0, rows));
        }
    }
}
