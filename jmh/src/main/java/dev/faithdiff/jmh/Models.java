package dev.faithdiff.jmh;

import dev.faithdiff.FaithDiff;
import dev.faithdiff.Model;
import dev.faithdiff.Options;
import dev.faithdiff.image.Image;
import dev.faithdiff.model.Config;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.nn.train.AdamW;
import dev.faithdiff.nn.train.GradClip;
import dev.faithdiff.rrdb.RrdbConfig;
import dev.faithdiff.rrdb.RrdbNet;
import dev.faithdiff.sdxl.TextContext;
import dev.faithdiff.sdxl.UNet;
import dev.faithdiff.sdxl.UNetConfig;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.train.Batch;
import dev.faithdiff.train.Denoising;
import dev.faithdiff.train.Objective;
import dev.faithdiff.train.UnifiedObjective;
import dev.faithdiff.vae.Vae;
import dev.faithdiff.vae.VaeConfig;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Whole models: the bundled one, restoring and training, SDXL's decoder and Real-ESRGAN's network with drawn weights, and the U-Net of
 * a folder that {@code faithdiff.bench.model} names.
 */
final class Models {
    private static final int TEXT_TOKENS = 77, CROPS = 4;

    static final Map<String, Supplier<Work>> ALL = new LinkedHashMap<>();

    static {
        ALL.put("restore-mini-512", Models::restore);
        ALL.put("vae-decode-512", Models::decode);
        ALL.put("train-mini-unified-128", Models::train);
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

    /** One step of the second training stage: four crops of 128 pixels, forward, backward, clipping and update. */
    private static Work train() {
        Work work = new Work();
        Model model = work.hold(Model.trainable(Path.of(System.getProperty("faithdiff.home"), "models", "faithdiff-mini"), Device.CPU));
        Objective objective = work.hold(new UnifiedObjective(model, Denoising.Settings.published(), 5e-5, 5e-6, Set.of()));
        AdamW optimizer = work.hold(new AdamW(objective.groups(), AdamW.Settings.defaults()));
        Batch batch = new Batch(work.input(CROPS, 128, 128, 3), work.input(CROPS, 128, 128, 3), Collections.nCopies(CROPS, ""),
                Collections.nCopies(CROPS, new Batch.Crop(512, 512, 0, 0)));
        Rng rng = Rng.cpu(1);
        return work.repeat(() -> {
            try (Tape tape = Tape.watch(objective.parameters().values())) {
                Map<Tensor, Tensor> gradients = tape.gradients(objective.loss(batch, rng));
                optimizer.step(gradients, 1, GradClip.scale(GradClip.norm(gradients.values()), 1));
                return optimizer.steps();
            }
        });
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
