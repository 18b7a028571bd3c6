package dev.faithdiff.restore.stablesr;

import static dev.faithdiff.Fixtures.tensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Image;
import dev.faithdiff.convert.names.StableSrFiles;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.networks.NetworkBattery;
import dev.faithdiff.networks.NetworkBattery.Build;
import dev.faithdiff.networks.NetworkBattery.Released;
import dev.faithdiff.networks.NetworkBattery.Stored;
import dev.faithdiff.networks.stablesr.FusingConfig;
import dev.faithdiff.networks.stablesr.FusingVae;
import dev.faithdiff.networks.stablesr.Spade;
import dev.faithdiff.networks.stablesr.StructureConfig;
import dev.faithdiff.networks.stablesr.StructureEncoder;
import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.Site;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.networks.vae.VaeConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.restore.sd.SdRun;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** StableSR's networks against stored outputs of the published implementation. */
@Tag("full")
class StableSrNetworksTest {
    private static final JsonObject JSON = Fixtures.json("stablesr/stablesr.json");
    /** The timestep of the stages, as the fixtures' notes say. */
    private static final float TIME = 749;
    /** The published sizes, and those of the stored networks, whose levels and widths show in their tensors. */
    private static final StructureConfig FULL = new StructureConfig(4, new int[] {256, 256, 512, 512}, 2, 3, 4, 256, 128, 32);
    @TempDir static Path dir;

    private static Fixtures file(String name) { return Fixtures.open("stablesr/" + name + ".safetensors"); }

    private static double atol(String file, String tensor) {
        return JSON.getAsJsonObject("files").getAsJsonObject(file + ".safetensors").getAsJsonObject("errors").getAsJsonObject(tensor)
                .get("suggested_atol").getAsDouble();
    }

    private static Stored stored(String file, String tensor) { return Stored.of(file(file), tensor, atol(file, tensor)); }

    private static void check(String file, String name, Tensor actual) {
        Fixtures.assertClose(file + " " + name, actual, file(file), name, atol(file, name));
    }

    private static Path model() { return TinyStableSr.stored(dir, false); }

    private static Path weights(String part) { return model().resolve(part).resolve("model.safetensors"); }

    private static Config config(String part) { return Config.read(model().resolve(part).resolve("config.json")); }

    /** The stored structure encoder's, which a set without the other networks has, too. */
    private static StructureConfig small() {
        JsonObject widths = Fixtures.json("stablesr/checkpoint/widths.json");
        JsonObject c = Fixtures.json("stablesr/checkpoint/v2-finetune_text_T_512.json").getAsJsonObject("model").getAsJsonObject("params")
                .getAsJsonObject("structcond_stage_config").getAsJsonObject("params");
        int[] channels = c.getAsJsonArray("channel_mult").asList().stream()
                .mapToInt(m -> m.getAsInt() * c.get("model_channels").getAsInt()).toArray();
        return new StructureConfig(4, channels, c.get("num_res_blocks").getAsInt(), c.getAsJsonArray("attention_resolutions").size(),
                c.get("num_heads").getAsInt(), c.get("out_channels").getAsInt(), widths.get("spade_nhidden").getAsInt(),
                widths.get("norm_groups").getAsInt());
    }

    private static Path structureFile() { return TinyStableSr.weights(dir.resolve("structure.safetensors"), StableSrFiles::structure); }

    private static Build structure(StructureConfig sizes) {
        return w -> {
            StructureEncoder net = new StructureEncoder(w, sizes);
            return in -> NetworkBattery.together(net.forward(in[0], TIME));
        };
    }

    /** The names of the stored maps, outermost first. */
    private static List<String> maps() {
        return file("structcond").names().stream().filter(n -> n.startsWith("fea_tran.")).sorted().toList();
    }

    @TestFactory DynamicNode structureEncoder() {
        Stored maps = maps().stream().map(n -> stored("structcond", n)).reduce(Stored::and).orElseThrow();
        return new NetworkBattery("structure encoder", structureFile(), structure(small()),
                () -> new Tensor[] {tensor(file("structcond"), "x")}, maps,
                new Released(List.of("structure_stablesr"), structure(FULL), List.of(Shape.of(1, 64, 64, 4)), 47_000_000)).tests();
    }

    /** The sizes that the converter reads from the tensors. */
    @Test void sizesShowInTensors() {
        assumeTrue(TinyStableSr.isWhole(), TinyStableSr.CUT);
        assertThat(StructureConfig.of(config("structure")).json()).isEqualTo(small().json());
        assertThat(FusingConfig.of(new ModelFolder(model()).description())).isEqualTo(new FusingConfig(
                Fixtures.json("stablesr/checkpoint/widths.json").get("cfw_num_fuse_block").getAsInt(),
                Fixtures.json("stablesr/checkpoint/widths.json").get("cfw_num_grow_ch").getAsInt()));
    }

    private static DynamicNode skipped(String name) { return DynamicTest.dynamicTest(name, () -> assumeTrue(false, TinyStableSr.CUT)); }

    /** The first resnet's modulation, for the trace's features and its map. */
    @TestFactory DynamicNode modulation() {
        if (!TinyStableSr.isWhole()) return skipped("modulation");
        UNetConfig sizes = UNetConfig.of(config("unet"));
        Supplier<Tensor[]> inputs = () -> {
            try (Weights w = Weights.open(weights("structure"), Device.CPU)) {
                Tensor map = new StructureEncoder(w, small()).forward(tensor(file("unet_trace"), "struct_latent"), TIME).getFirst();
                return new Tensor[] {tensor(file("unet_trace"), "input_blocks.1.0.out_layers"), map};
            }
        };
        List<Shape> released = List.of(Shape.of(2, 64, 64, 320), Shape.of(1, 64, 64, 256));
        return new NetworkBattery("modulation", weights("spade"), spade(sizes, small()), inputs, stored("unet_trace", "input_blocks.1.0.spade"),
                new Released(List.of("spade_stablesr"), spade(UNetConfig.SD21, FULL), released, 47_000_000)).tests();
    }

    private static Build spade(UNetConfig unet, StructureConfig sizes) {
        return w -> {
            Spade net = new Spade(w, unet, sizes);
            return in -> net.by(List.of(in[1])).at(new Site.Resnet(Site.Part.DOWN, 0, 0), in[0]);
        };
    }

    @TestFactory DynamicNode fusing() {
        if (!TinyStableSr.isWhole()) return skipped("CFW");
        VaeConfig sizes = VaeConfig.of(config("vae")), full = new VaeConfig(new int[] {128, 256, 512, 512}, 2, 4, 32, true, 0.18215f);
        Fixtures f = file("cfw");
        Stored decoded = stored("cfw", "decode_w0.5").and(stored("cfw", "moments"));
        return new NetworkBattery("CFW", weights("cfw"), fusing(sizes, FusingConfig.of(new ModelFolder(model()).description())),
                () -> new Tensor[] {tensor(f, "z"), tensor(f, "x")}, decoded,
                new Released(List.of("cfw_stablesr"), fusing(full, new FusingConfig(2, 32)),
                List.of(Shape.of(1, 64, 64, 4), Shape.of(1, 512, 512, 3)),
                        790_000_000)).tests();
    }

    private static Build fusing(VaeConfig sizes, FusingConfig fusing) {
        return w -> {
            FusingVae net = new FusingVae(w, sizes, fusing);
            return in -> NetworkBattery.together(List.of(net.decode(in[0], in[1], 0.5f), net.vae().encode(in[1])));
        };
    }

    private void with(String part, BiConsumer<Weights, Config> test) {
        assumeTrue(TinyStableSr.isWhole(), TinyStableSr.CUT);
        try (Weights w = Weights.open(weights(part), Device.CPU); Scope _ = Scope.open()) {
            test.accept(w, config("vae"));
        }
    }

    @Test void fusesAsMuchAsIsAsked() {
        with("cfw", (w, c) -> {
            FusingVae net = new FusingVae(w, VaeConfig.of(c), FusingConfig.of(new ModelFolder(model()).description()));
            Fixtures f = file("cfw");
            Tensor z = tensor(f, "z"), x = tensor(f, "x");
            List<Tensor> seen = net.vae().features(x, 1, 3);
            for (int i = 0; i < 2; i++) check("cfw", "enc_fea." + i, seen.get(i).slice(3, 0, f.shape("enc_fea." + i).size(1)));
            for (String name : f.names()) {
                if (name.startsWith("decode_w")) check("cfw", name, net.decode(z, x, Float.parseFloat(name.substring("decode_w".length()))));
            }
        });
    }

    @Test void autoencoder() {
        with("vae", (w, c) -> {
            Vae net = new Vae(w, VaeConfig.of(c));
            check("vae", "moments", net.encode(tensor(file("vae"), "x")));
            check("vae", "decode", net.decode(tensor(file("vae"), "z"))); // stored of z times the scaling, which is divided away again
        });
    }

    /** The U-Net with structure encoder and modulation, at several timesteps, and its features on the way. */
    @Test void predicts() {
        with("unet", (w, _) -> {
            try (Weights s = Weights.open(weights("structure"), Device.CPU); Weights m = Weights.open(weights("spade"), Device.CPU)) {
                UNetConfig sizes = UNetConfig.of(config("unet"));
                UNet net = new UNet(w, sizes);
                StructureEncoder structure = new StructureEncoder(s, small());
                Spade spade = new Spade(m, sizes, small());
                Fixtures f = file("unet"), trace = file("unet_trace");
                for (String name : f.names().stream().filter(n -> n.matches("t\\d+")).toList()) {
                    float time = Float.parseFloat(name.substring(1));
                    Tensor[] rows = new Tensor[f.shape("x").size(0)];
                    for (int i = 0; i < rows.length; i++) {
                        rows[i] = predict(net, structure, spade, row(f, "x", i), row(f, "struct_latent", i), row(f, "context", i), time);
                    }
                    check("unet", name, rows[0].concat(0, rows[1]));
                }
                check("unet_trace", "out", predict(net, structure, spade, row(trace, "x", 0), row(trace, "struct_latent", 0),
                        row(trace, "context", 0), TIME));
            }
        });
    }

    private static Tensor row(Fixtures f, String name, int i) { return tensor(f, name).slice(0, i, i + 1); }

    private static Tensor predict(UNet net, StructureEncoder structure, Spade spade, Tensor x, Tensor photo, Tensor text, float time) {
        return net.denoise(net.embed(x), net.time().forward(new float[] {time}, x), spade.by(structure.forward(photo, time)),
                List.of(Context.once(text)));
    }

    @Test void readsPromptsAsPublished() {
        assumeTrue(TinyStableSr.isWhole(), TinyStableSr.CUT);
        String[] prompts = Fixtures.json("sd21/prompts.json").getAsJsonArray("prompts").asList().stream().map(JsonElement::getAsString)
                .limit(file("text").shape("context").size(0)).toArray(String[]::new);
        Image photo = Image.of(16, 16, new byte[3 * 16 * 16]);
        try (SdModel model = SdModel.open(new ModelFolder(model()), Compute.on(Device.CPU)); Scope _ = Scope.open()) {
            SdRun run = SdRun.given(model, photo, ResultSize.of(Options.defaults(), photo), Options.defaults(), Listener.NONE, null);
            check("text", "context", run.states(prompts));
        }
    }
}
