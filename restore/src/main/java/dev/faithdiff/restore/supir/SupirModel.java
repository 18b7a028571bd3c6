package dev.faithdiff.restore.supir;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.networks.supir.Connectors;
import dev.faithdiff.networks.supir.GlvControl;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.networks.vae.VaeEncoder;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.diffusion.SignalTable;
import dev.faithdiff.restore.sd.SdModel;

/**
 * SUPIR's networks: SDXL, what steers its U-Net and joins it, and the autoencoder with the encoder for degraded photos.
 *
 * @param robust the base's autoencoder but for its encoder
 * @param table  the noise of the training
 */
record SupirModel(SdModel base, GlvControl control, Connectors connectors, Vae robust, SignalTable table) {
    /** @throws RuntimeException of one line, naming the file, if a part is missing, damaged or belongs to another model */
    static SupirModel open(ModelFolder folder, Compute on) {
        SdModel base = SdModel.open(folder, on);
        try {
            return base.device.exclusive(() -> of(base));
        } catch (Throwable e) {
            base.close();
            throw e;
        }
    }

    private static SupirModel of(SdModel base) {
        if (base.prompts == null) throw base.description().wrong("kind", "that of a model on SDXL, which the U-Net is not");
        Weights w = base.weights("control/model.safetensors"), e = base.weights("lq_encoder/model.safetensors");
        GlvControl control = new GlvControl(w, base.sizes);
        Connectors connectors = new Connectors(w, base.sizes, base.description().positive("connector_width"));
        w.done();
        VaeEncoder encoder = new VaeEncoder(e.at("denoise_encoder"), base.vae.config());
        e.done();
        return new SupirModel(base, control, connectors, base.vae.encodingBy(encoder), SignalTable.of(base.scheduler));
    }
}
