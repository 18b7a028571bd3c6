package dev.faithdiff.restore.onestep;

import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.networks.clip.TextStates;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.networks.vae.VaeConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.OpenParts;
import dev.faithdiff.restore.diffusion.NoiseSchedule;
import dev.faithdiff.restore.diffusion.Places;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import java.util.function.LongSupplier;

/** The networks of Stable Diffusion in a model folder, as restorers of one step use them. */
public final class OneStepModel implements AutoCloseable {
    /** Where the weights are and the networks compute. */
    public final Device device;
    /** The type of activations; what is between the networks is F32. */
    public final DType dtype;
    /** The noise of the U-Net's first training. */
    public final NoiseSchedule schedule;
    public final TextStates text;
    public final UNet unet;
    public final Vae vae;
    private final UNetConfig sizes;
    private final OpenParts parts;
    private final LongSupplier budget;
    private final DType rounding;

    private OneStepModel(ModelFolder folder, Compute on) {
        device = on.device();
        dtype = on.activations();
        rounding = on.rounding();
        budget = on.budget();
        Path path = folder.path();
        schedule = NoiseSchedule.of(Config.read(path.resolve("scheduler/scheduler_config.json")));
        sizes = UNetConfig.of(Config.read(path.resolve("unet/config.json")));
        parts = new OpenParts(folder, on, Places::of);
        try {
            text = TextStates.open(path, sizes.textWidth(), device, parts::weights);
            unet = unet("unet");
            Weights w = parts.weights("vae/model.safetensors");
            vae = new Vae(w, VaeConfig.of(Config.read(path.resolve("vae/config.json"))));
            w.done();
            int latents = vae.config().latentChannels();
            requirePair(folder, sizes.inChannels() == latents && sizes.outChannels() == latents, "the VAE has latents of " + latents
                    + " channels, the U-Net takes " + sizes.inChannels() + " and gives " + sizes.outChannels());
            requirePair(folder, text.width() == sizes.textWidth(), "text states are " + text.width() + " wide, the U-Net takes " + sizes.textWidth());
        } catch (Throwable e) {
            parts.close();
            throw e;
        }
    }

    /** Opens a model folder. @throws RuntimeException of one line, naming the file, if a part is missing, damaged or belongs to another model */
    public static OneStepModel open(ModelFolder folder, Compute on) { return on.device().exclusive(() -> new OneStepModel(folder, on)); }

    /** One more U-Net of the same sizes. @param part its folder */
    public UNet unet(String part) {
        Weights w = parts.weights(part + "/model.safetensors");
        UNet u = new UNet(w, sizes);
        w.done();
        return u;
    }

    /** What products round their factors to: {@link Compute#rounding}. */
    DType rounding() { return rounding; }

    /** How many bytes a network may hold that sees a whole image. */
    long budget() { return budget.getAsLong(); }

    private static void requirePair(ModelFolder folder, boolean holds, String rule) {
        if (!holds) throw new ModelError(folder.path(), "parts of different models: " + rule);
    }

    @Override public void close() { parts.close(); }
}
