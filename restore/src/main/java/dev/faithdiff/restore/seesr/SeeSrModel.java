package dev.faithdiff.restore.seesr;

import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.networks.ram.RamConfig;
import dev.faithdiff.networks.unet.ControlNet;
import dev.faithdiff.networks.unet.HintEmbedding;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.networks.unet.UNetConfig.Kind;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.ram.TaggerPart;
import dev.faithdiff.restore.sd.SdModel;
import java.nio.file.Path;

/** SeeSR's networks: Stable Diffusion whose U-Net attends to the photo too, a ControlNet, and DAPE. */
record SeeSrModel(SdModel base, TaggerPart tagger, ControlNet control, HintEmbedding hint) {
    private static final String CONTROL = "control";

    /** @throws RuntimeException of one line, naming the file, if a part is missing, damaged or belongs to another model */
    static SeeSrModel open(ModelFolder folder, Compute on) {
        Path path = folder.path();
        Kind image = Kind.image(RamConfig.of(Config.read(path.resolve("tagger/config.json"))).embedding());
        SdModel base = SdModel.open(folder, on, sizes -> sizes.with(image));
        try {
            return base.device.exclusive(() -> of(base, path, image));
        } catch (Throwable e) {
            base.close();
            throw e;
        }
    }

    private static SeeSrModel of(SdModel base, Path path, Kind image) {
        Config c = Config.read(path.resolve(CONTROL).resolve("config.json"));
        UNetConfig sizes = UNetConfig.of(c).with(image);
        Weights w = base.weights(CONTROL + "/model.safetensors");
        ControlNet control = new ControlNet(w, sizes);
        int[] widths = c.integers("conditioning_embedding_out_channels");
        HintEmbedding hint = new HintEmbedding(w.at("controlnet_cond_embedding"), widths, sizes.channels()[0]);
        w.done();
        return new SeeSrModel(base, new TaggerPart(path, base.device, base::weights), control, hint);
    }
}
