package dev.faithdiff.restore.osediff;

import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;

import dev.faithdiff.model.ModelError;
import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.restore.Finite;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.diffusion.Attribution;
import dev.faithdiff.restore.diffusion.AutoPrompt;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.diffusion.NoiseSchedule;
import dev.faithdiff.restore.onestep.OneStep;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import java.util.List;

/**
 * OSEDiff (Wu et al. 2024): the U-Net takes the photo's latents for pure noise of the last timestep, and predicts their noise. Its text is a list of
 * tags of what the photo shows; without a prompt the list is empty.
 */
record OseDiff(SdModel model) implements OneStep {
    static final List<Option<?>> OPTIONS = List.of(PROMPT);
    private static final int TIMESTEP = 999;
    /** Stands behind the tags where there are no words of the user's. */
    private static final String END = ", ,";

    @Override public String name() { return "OseDiff"; }

    @Override public List<Option<?>> options() { return OPTIONS; }

    @Override public int timestep() { return TIMESTEP; }

    @Override public NoiseSchedule schedule() { return model.schedule; }

    @Override public boolean centred() { return false; }

    @Override public int[] places(Options options, String word) { return model.text.places(text(AutoPrompt.words(options)), word); }

    @Override public Denoiser denoiser(Options options, Attribution attribution, Listener listener) {
        String text = text(AutoPrompt.words(options));
        List<String> beyond = model.text.beyond(text);
        if (!beyond.isEmpty()) listener.warn("the model reads 75 tokens of a prompt; cut off: '" + ModelError.clean(String.join(" ", beyond)) + "'");
        Tensor states = Finite.require(() -> model.text.encode(text), "the text encoder").to(model.dtype);
        Context context = attribution.watched(new Context(states));
        Tensor temb = model.unet.time().forward(new float[] {TIMESTEP}, states);
        return (x, at) -> model.unet.denoise(model.unet.embed(x.to(model.dtype)), temb, context).to(DType.F32);
    }

    /** The published form of a prompt, "{tags}, {words},". One that ends with a comma has it already. */
    static String text(String prompt) { return prompt.endsWith(",") ? prompt : prompt + END; }
}
