package dev.faithdiff.networks;

import static dev.faithdiff.Fixtures.tensor;

import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.NetworkBattery.Build;
import dev.faithdiff.networks.NetworkBattery.Released;
import dev.faithdiff.networks.NetworkBattery.Stored;
import dev.faithdiff.networks.clip.ClipConfig;
import dev.faithdiff.networks.clip.ClipTextEncoder;
import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.ControlNet;
import dev.faithdiff.networks.unet.HintEmbedding;
import dev.faithdiff.networks.unet.Residuals;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.networks.unet.UNetConfig.Kind;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.networks.vae.VaeConfig;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** The networks whose stored weights are safetensors; the others' batteries are where a converter can read theirs. */
@Tag("full")
class NetworksTest {
    /** What the U-Net and ControlNet of SeeSR were run at, and the width of what they know of the photo. */
    private static final float[] SEESR_TIME = {500};
    private static final int TEXT = 77, SEESR_TAGS = 512;

    /** A tensor of a file of the fixtures' folder, with the tolerance that the folder's JSON has. */
    private static Stored stored(String folder, String file, String name) {
        JsonObject facts = Fixtures.json(folder + "/" + folder + ".json").getAsJsonObject("files").getAsJsonObject(file);
        double tolerance = facts.getAsJsonObject("errors").getAsJsonObject(name).get("suggested_atol").getAsDouble();
        return Stored.of(Fixtures.open(folder + "/" + file), name, tolerance);
    }

    @TestFactory DynamicNode unet() {
        Path folder = Fixtures.path("seesr/seesr/unet");
        Fixtures f = Fixtures.open("seesr/stages.safetensors");
        Kind tags = Kind.image(f.shape("ram_embeds").size(2));
        UNetConfig sizes = UNetConfig.of(Config.read(folder.resolve("config.json"))).with(tags);
        List<Shape> released = List.of(Shape.of(1, 64, 64, 4), Shape.of(1, TEXT, 1024));
        return new NetworkBattery("U-Net", folder, unet(sizes),
                () -> new Tensor[] {tensor(f, "latents"), tensor(f, "prompt_embeds").slice(0, 1, 2), tensor(f, "ram_embeds")},
                stored("seesr", "stages.safetensors", "unet.eps_without_control"),
                new Released(List.of("unet_sd21"), unet(UNetConfig.SD21), released, 149_000_000)).tests();
    }

    /** Latents, then a context for each kind of transformer. */
    private static Build unet(UNetConfig sizes) {
        return w -> {
            UNet net = new UNet(w, sizes);
            return in -> net.denoise(net.embed(in[0]), net.time().forward(SEESR_TIME, in[0]), contexts(in, 1));
        };
    }

    private static Context[] contexts(Tensor[] in, int from) {
        Context[] all = new Context[in.length - from];
        for (int i = from; i < in.length; i++) all[i - from] = Context.once(in[i]);
        return all;
    }

    @TestFactory DynamicNode controlNet() {
        Path folder = Fixtures.path("seesr/seesr/controlnet");
        Fixtures f = Fixtures.open("seesr/stages.safetensors");
        Config json = Config.read(folder.resolve("config.json"));
        UNetConfig sizes = UNetConfig.of(json).with(Kind.image(f.shape("ram_embeds").size(2)));
        Stored stored = stored("seesr", "stages.safetensors", residual(0));
        for (int i = 1; f.has(residual(i)); i++) stored = stored.and(stored("seesr", "stages.safetensors", residual(i)));
        stored = stored.and(stored("seesr", "stages.safetensors", "control.residual.mid"));
        UNetConfig full = UNetConfig.SD21.with(Kind.image(SEESR_TAGS));
        List<Shape> released = List.of(Shape.of(1, 64, 64, 4), Shape.of(1, 512, 512, 3), Shape.of(1, TEXT, 1024), Shape.of(1, TEXT, SEESR_TAGS));
        Supplier<Tensor[]> inputs = () -> new Tensor[] {tensor(f, "latents"), image("seesr/stage_image.png").affine(0.5f, 0.5f),
            tensor(f, "prompt_embeds").slice(0, 1, 2), tensor(f, "ram_embeds")};
        return new NetworkBattery("ControlNet", folder, controlNet(sizes, json.integers("conditioning_embedding_out_channels")), inputs, stored,
                new Released(List.of("controlnet_seesr"), controlNet(full, 16, 32, 96, 256), released, 120_000_000)).tests();
    }

    private static String residual(int i) { return String.format("control.residual.%02d", i); }

    /** Latents, the photo, then a context for each kind of transformer. */
    private static Build controlNet(UNetConfig sizes, int... hintChannels) {
        return w -> {
            ControlNet net = new ControlNet(w, sizes);
            HintEmbedding hint = new HintEmbedding(w.at("controlnet_cond_embedding"), hintChannels, sizes.channels()[0]);
            return in -> {
                Tensor h = net.embed(in[0]).add(hint.forward(in[1]));
                Residuals r = net.forward(h, net.time().forward(SEESR_TIME, in[0]), List.of(contexts(in, 2)));
                List<Tensor> all = new ArrayList<>(r.skips());
                all.add(r.middle());
                return NetworkBattery.together(all);
            };
        };
    }

    /** In -1..1. */
    private static Tensor image(String file) {
        Image in = ImageFiles.read(Fixtures.path(file));
        return in.toTensor();
    }

    @TestFactory DynamicNode vae() {
        Path folder = Fixtures.path("checkpoint-tiny/vae-fp16-fix");
        VaeConfig sizes = VaeConfig.of(Config.read(folder.resolve("config.json")));
        VaeConfig full = new VaeConfig(new int[] {128, 256, 512, 512}, 2, 4, 32, true, 0.13025f);
        Fixtures f = Fixtures.open("stages/vae.safetensors");
        return new NetworkBattery("VAE", folder, vae(sizes), () -> new Tensor[] {image("stages/image.png"), tensor(f, "latents")},
                stored("stages", "vae.safetensors", "parameters").and(stored("stages", "vae.safetensors", "decode_of_latents")),
                new Released(List.of("vae"), vae(full), List.of(Shape.of(1, 512, 512, 3), Shape.of(1, 64, 64, 4)), 700_000_000)).tests();
    }

    /** An image to encode, and scaled latents to decode. */
    private static Build vae(VaeConfig sizes) {
        return w -> {
            Vae vae = new Vae(w, sizes);
            return in -> NetworkBattery.together(List.of(vae.encode(in[0]), vae.decode(in[1].mul(1 / sizes.scaling()))));
        };
    }

    @TestFactory List<DynamicNode> clip() {
        ClipConfig first = new ClipConfig(768, 12, 12, 3072, 49408, TEXT, 1e-5f, true, 0);
        ClipConfig second = new ClipConfig(1280, 32, 20, 5120, 49408, TEXT, 1e-5f, false, 1280);
        return List.of(clip("text_encoder", "ids1", "te1.pooler_output", first, 16_000_000),
                clip("text_encoder_2", "ids2", "te2.text_embeds", second, 46_000_000));
    }

    private static DynamicNode clip(String part, String ids, String result, ClipConfig full, long most) {
        Path folder = Fixtures.path("checkpoint-tiny/sdxl").resolve(part);
        Fixtures f = Fixtures.open("stages/text.safetensors");
        Build small = clip(ClipConfig.of(Config.read(folder.resolve("config.json"))));
        return new NetworkBattery("CLIP, " + part, folder.resolve("model.fp16.safetensors"), small,
                () -> new Tensor[] {Tensor.of(f.longs(ids), f.shape(ids).toArray())}, stored("stages", "text.safetensors", result),
                new Released(List.of(part), clip(full), List.of(Shape.of(2, TEXT)), most)).tests();
    }

    /** Token ids, of which the pooled text is made. */
    private static Build clip(ClipConfig sizes) {
        return w -> {
            ClipTextEncoder encoder = new ClipTextEncoder(w, sizes);
            return in -> {
                float[] flat = in[0].toFloats();
                int[][] ids = new int[in[0].size(0)][TEXT];
                for (int i = 0; i < flat.length; i++) ids[i / TEXT][i % TEXT] = (int) flat[i];
                return encoder.pooled(encoder.hiddenStates(in[0]), ids);
            };
        };
    }
}
