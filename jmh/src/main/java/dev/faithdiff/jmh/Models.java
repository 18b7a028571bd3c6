package dev.faithdiff.jmh;

import dev.faithdiff.FaithDiff;
import dev.faithdiff.Model;
import dev.faithdiff.Options;
import dev.faithdiff.image.Image;
import dev.faithdiff.model.Config;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.rrdb.RrdbConfig;
import dev.faithdiff.rrdb.RrdbNet;
import dev.faithdiff.sdxl.TextContext;
import dev.faithdiff.sdxl.UNet;
import dev.faithdiff.sdxl.UNetConfig;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.vae.Vae;
import dev.faithdiff.vae.VaeConfig;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;

/**
 * Whole models: the bundled one, SDXL's decoder and Real-ESRGAN's network with drawn weights, and the U-Net of a folder that
 * {@code faithdiff.bench.model} names.
 */
final class Models {
    private static final int TEXT_TOKENS = 77;

    static final Map<String, Supplier<Work>> ALL = new LinkedHashMap<>();

    static {
        ALL.put("restore-mini-512", Models::restore);
        ALL.put("vae-decode-512", Models::decode);
        ALL.put("rrdbnet-x4-128", Models::enlarge);
        if (System.getProperty("faithdiff.bench.model") != null) ALL.put("unet-64x64", Models::unet);
    }

    private Models() {}

    /** 128 to 512 pixels in two steps. */
    private static Work restore() {
        Work work = new Work();
        FaithDiff mini = work.hold(FaithDiff.open(Path.of(System.getProperty("faithdiff.home"), "models", "faithdiff-mini"), Device.CPU));
        byte[] rgb = new byte[3 * 128 * 128];
        new Random(1).nextBytes(rgb);
        Image photo = Image.of(128, 128, rgb);
        return work.repeat(() -> mini.restore(photo, Options.defaults().withSteps(2)));
    }

    private static Work decode() {
        Work work = new Work();
        Vae vae = new Vae(work.hold(Weights.init(1, Device.CPU)), new VaeConfig(new int[] {128, 256, 512, 512}, 2, 4, 32, true, 0.13025f));
        Tensor z = work.input(1, 64, 64, 4);
        return work.repeat(() -> vae.decode(z));
    }

    /** Real-ESRGAN's network of 23 blocks, 128 to 512 pixels. */
    private static Work enlarge() {
        Work work = new Work();
        RrdbNet net = new RrdbNet(work.hold(Weights.init(1, Device.CPU)), new RrdbConfig(4, 64, 32, 23));
        Tensor x = work.input(1, 128, 128, 3);
        return work.repeat(() -> net.forward(x));
    }

    /** One prediction of a 64x64 latent, batch 1. */
    private static Work unet() {
        Path folder = Path.of(System.getProperty("faithdiff.bench.model"));
        UNetConfig c = UNetConfig.of(Config.read(folder.resolve("unet/config.json")));
        Work work = new Work();
        UNet unet = work.hold(Model.open(folder, Device.CPU)).unet.unet();
        Tensor x = work.input(1, 64, 64, c.inChannels()), text = work.input(1, TEXT_TOKENS, c.textWidth());
        Tensor pooled = work.input(1, c.extraWidth() - 6 * c.sizeWidth()), sizes = work.input(1, 6);
        return work.repeat(() -> unet.denoise(unet.embed(x), unet.embedTime(500, pooled, sizes), new TextContext(text)));
    }
}
