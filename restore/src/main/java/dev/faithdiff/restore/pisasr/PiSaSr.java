package dev.faithdiff.restore.pisasr;

import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.diffusion.Attribution;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.diffusion.NoiseSchedule;
import dev.faithdiff.restore.onestep.OneStep;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.List;

/**
 * PiSA-SR (Sun et al. 2025): the U-Net predicts what is wrong with the photo's latents. It has learnt that in two parts, one for pixels and then
 * one for what the photo shows; where these count differently, a second U-Net says what the first part alone gives.
 */
final class PiSaSr implements OneStep {
    /** How much of the first part's change is made. */
    static final Option<Double> PIXEL = Option.factor("pixel", 1, 0, 4, "How strongly noise, blur and other damage is removed. 1: as trained. "
            + "Unequal values of this and of semantic take two passes.");
    /** How much of the second part's change is made. */
    static final Option<Double> SEMANTIC =
            Option.factor("semantic", 1, 0, 4, "How much detail is invented for what the photo shows. 1: as trained. 0: none.");
    static final List<Option<?>> OPTIONS = List.of(PIXEL, SEMANTIC);
    private static final int TIMESTEP = 1;
    /** The folder of the U-Net that knows the first part alone. */
    private static final String PIXEL_UNET = "unet_pixel";

    private final SdModel model;
    private UNet pixelUnet;

    PiSaSr(SdModel model) { this.model = model; }

    @Override public String name() { return "PiSaSr"; }

    @Override public List<Option<?>> options() { return OPTIONS; }

    @Override public int timestep() { return TIMESTEP; }

    /** The {@link #denoiser} subtracts the U-Net's answer, so what it gives are clean latents. */
    @Override public NoiseSchedule schedule() { return model.schedule.with(NoiseSchedule.Prediction.SAMPLE); }

    @Override public boolean centred() { return true; }

    @Override public Denoiser denoiser(Options options, Attribution attribution, Listener listener) {
        float pixel = options.get(PIXEL).floatValue(), semantic = options.get(SEMANTIC).floatValue();
        Part both = semantic == 0 ? null : new Part(model.unet), alone = pixel == semantic ? null : new Part(pixelUnet());
        return (x, at) -> {
            try (Scope s = Scope.open()) {
                Tensor clean = x.mul(1);
                if (both != null) clean = clean.sub(both.predict(x).mul(semantic));
                if (alone != null) clean = clean.sub(alone.predict(x).mul(pixel - semantic));
                return s.keep(clean);
            }
        };
    }

    /** It is opened when it is first needed. */
    private synchronized UNet pixelUnet() {
        if (pixelUnet == null) pixelUnet = model.unet(PIXEL_UNET);
        return pixelUnet;
    }

    /** A U-Net with its text and time. */
    private final class Part {
        private final UNet unet;
        private final Context context;
        private final Tensor temb;

        Part(UNet unet) {
            this.unet = unet;
            Tensor states = model.text.encode("").to(model.dtype);
            context = new Context(states);
            temb = unet.time().forward(new float[] {TIMESTEP}, states);
        }

        Tensor predict(Tensor x) { return unet.denoise(unet.embed(x.to(model.dtype)), temb, context).to(DType.F32); }
    }
}
