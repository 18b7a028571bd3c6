package dev.faithdiff.restore.pasd;

import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.networks.pasd.PhotoEmbedding;
import dev.faithdiff.networks.pasd.PixelAttention;
import dev.faithdiff.networks.unet.ControlNet;
import dev.faithdiff.networks.unet.HintEmbedding;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.sd.SdModel;

/** PASD's networks: Stable Diffusion 1.5, a ControlNet with what embeds the photo for it, and the U-Net's attention to what the ControlNet gives. */
record PasdModel(SdModel base, ControlNet control, HintEmbedding hint, PixelAttention attention) {
    private static final String CONTROL = "control";

    /** @throws RuntimeException of one line, naming the file, if a part is missing, damaged or belongs to another model */
    static PasdModel open(ModelFolder folder, Compute on) {
        SdModel base = SdModel.open(folder, on);
        try {
            return base.device.exclusive(() -> of(base, Config.read(folder.path().resolve(CONTROL).resolve("config.json"))));
        } catch (Throwable e) {
            base.close();
            throw e;
        }
    }

    private static PasdModel of(SdModel base, Config c) {
        Weights w = base.weights(CONTROL + "/model.safetensors");
        ControlNet control = new ControlNet(w, UNetConfig.of(c));
        HintEmbedding hint = PhotoEmbedding.of(w, c);
        PixelAttention attention = new PixelAttention(w, base.sizes);
        w.done();
        return new PasdModel(base, control, hint, attention);
    }
}
