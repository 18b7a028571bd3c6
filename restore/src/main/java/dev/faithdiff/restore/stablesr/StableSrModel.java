package dev.faithdiff.restore.stablesr;

import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.networks.stablesr.FusingConfig;
import dev.faithdiff.networks.stablesr.FusingVae;
import dev.faithdiff.networks.stablesr.Spade;
import dev.faithdiff.networks.stablesr.StructureConfig;
import dev.faithdiff.networks.stablesr.StructureEncoder;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.sd.SdModel;

/**
 * StableSR's networks: Stable Diffusion 2.1, the structure encoder with the modulation by its maps, and an autoencoder of its own, whose decoder sees
 * the photo.
 */
record StableSrModel(SdModel base, StructureEncoder structure, Spade spade, FusingVae decoder) {
    /** @throws RuntimeException of one line, naming the file, if a part is missing, damaged or belongs to another model */
    static StableSrModel open(ModelFolder folder, Compute on) {
        SdModel base = SdModel.open(folder, on);
        try {
            return base.device.exclusive(() -> of(folder, base, Config.read(folder.path().resolve("structure/config.json"))));
        } catch (Throwable e) {
            base.close();
            throw e;
        }
    }

    private static StableSrModel of(ModelFolder folder, SdModel base, Config c) {
        StructureConfig sizes = StructureConfig.of(c);
        if (sizes.channels().length != base.sizes.channels().length || sizes.inChannels() != base.vae.config().latentChannels()) {
            throw new ModelError(folder.path(), "the structure encoder must have the levels of the U-Net and the channels of the latents");
        }
        Weights w = base.weights("structure/model.safetensors");
        StructureEncoder structure = new StructureEncoder(w, sizes);
        w.done();
        Weights s = base.weights("spade/model.safetensors");
        Spade spade = new Spade(s, base.sizes, sizes);
        s.done();
        Weights d = base.weights("cfw/model.safetensors");
        FusingVae decoder = new FusingVae(d, base.vae.config(), FusingConfig.of(base.description()));
        d.done();
        return new StableSrModel(base, structure, spade, decoder);
    }
}
