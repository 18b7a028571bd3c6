package dev.faithdiff.restore.seesr;

import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.caption.Tagger;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.sd.ControlOptions;
import dev.faithdiff.restore.sd.ProcessSize;
import dev.faithdiff.restore.sd.SdRun;
import dev.faithdiff.restore.sd.StoredSteps;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Files;
import java.util.List;

/** A complete run of the published script, as the fixtures store it, done again stage by stage with its noise. */
final class StoredSeeSr {
    static final String GROUP = "seesr";

    private final StoredSteps stored;
    private final SeeSr system;

    StoredSeeSr(String name, SeeSr system) {
        stored = StoredSteps.of(GROUP, name);
        this.system = system;
    }

    private Options options() {
        return stored.options(system.defaults(), system.model().base().vae.config().downscale()).with(PROMPT, stored.text("user_prompt"))
                .with(NEGATIVE, stored.text("negative_prompt"))
                .with(ControlOptions.START, stored.text("start_point").equals("lr") ? ControlOptions.Start.LR : ControlOptions.Start.NOISE);
    }

    void check() {
        Image lr = stored.image("lr"), in = stored.image("input");
        Options o = options();
        ResultSize size = ResultSize.of(o, lr);
        stored.checkEnlarged(ProcessSize.enlarged(lr, size, stored.whole("process_size")));
        try (Scope _ = Scope.open()) {
            SdRun r = run(lr, size, o);
            String tags = Tagger.joined(system.model().tagger().tags(system.model().tagger().embed(lr)));
            assertThat(tags).isEqualTo(stored.text("tags"));
            assertThat(SeeSr.prompt(o, tags)).isEqualTo(stored.text("prompt"));
            Tensor first = start(run(lr, size, o.with(VAE_TILE, encoderTile(in))), in);
            Plan plan = system.plan(r, first.size(1), first.size(2));
            stored.checkTimesteps(plan);
            Denoiser denoiser = system.denoiser(r, in, plan);
            stored.checkPredictions(plan, denoiser);
            images(r, in, size, stored.latents(plan, denoiser, first));
        }
    }

    private SdRun run(Image lr, ResultSize size, Options o) {
        return SdRun.given(system.model().base(), lr, size, o, Listener.NONE, (_, _) -> { throw new AssertionError("all noise is given here"); });
    }

    /** The published side of the encoder's tiles, where an image is long enough for them. */
    private int encoderTile(Image in) {
        int tile = stored.whole("vae_encoder_tiled_size");
        return Math.max(in.width(), in.height()) > tile + 64 ? tile : 0;
    }

    private Tensor start(SdRun r, Image in) {
        if (stored.text("start_point").equals("noise")) {
            stored.check("start_latents", stored.tensor("initial_noise"));
            return stored.tensor("initial_noise");
        }
        Tensor first = system.start(system.encoded(r, in), stored.tensor("initial_noise"), stored.tensor("vae_noise"));
        stored.check("start_latents", first);
        return first;
    }

    /** A level more or less before a colour rule can be more behind it: there the rule is held against what it makes of the stored image. */
    private void images(SdRun r, Image in, ResultSize size, Tensor latents) {
        stored.checkDecoded(r, latents);
        Image published = stored.image("out_nofix");
        for (ColorFix fix : List.of(ColorFix.ADAIN, ColorFix.WAVELET)) {
            if (!Files.exists(stored.file("out_" + fix + ".png"))) continue;
            stored.checkNear("out_" + fix, fix.apply(published, in), stored.image("out_" + fix));
        }
        Image last = stored.image("final_adain");
        assertThat(last).hasToString("Image " + size.width() + "x" + size.height());
        stored.checkNear("final", Resize.resize(stored.image("out_adain"), size.width(), size.height(), Filter.BICUBIC), last);
    }
}
