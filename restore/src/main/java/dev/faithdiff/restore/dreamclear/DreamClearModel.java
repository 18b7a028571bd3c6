package dev.faithdiff.restore.dreamclear;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.networks.dreamclear.DreamClearConfig;
import dev.faithdiff.networks.dreamclear.DreamClearNet;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.sd.Cleaner;
import dev.faithdiff.restore.sd.SdModel;

/** DreamClear's networks: the autoencoder, the network that denoises, the one that cleans photos, and what reads captions. */
record DreamClearModel(SdModel base, DreamClearNet net, Cleaner cleaner, CaptionStates captions) {
    private static final String NET = "dit";

    /** @throws RuntimeException of one line, naming the file, if a part is missing, damaged or belongs to another model */
    static DreamClearModel open(ModelFolder folder, Compute on) {
        SdModel base = SdModel.autoencoder(folder, on);
        try {
            return base.device.exclusive(() -> of(base));
        } catch (Throwable e) {
            base.close();
            throw e;
        }
    }

    private static DreamClearModel of(SdModel base) {
        Weights w = base.weights(NET + "/model.safetensors");
        DreamClearNet net = new DreamClearNet(w, DreamClearConfig.of(base.settings(NET)));
        w.done();
        Weights c = base.weights(Cleaner.KEY + "/model.safetensors");
        Cleaner cleaner = Cleaner.of(base.description(), c, base.device);
        c.done();
        return new DreamClearModel(base, net, cleaner, new CaptionStates(base, net.config().textLength()));
    }
}
