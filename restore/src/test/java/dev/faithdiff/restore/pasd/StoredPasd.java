package dev.faithdiff.restore.pasd;

import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.sd.SdRestorer.ADDED_PROMPT;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.sd.ControlOptions;
import dev.faithdiff.restore.sd.SdRun;
import dev.faithdiff.restore.sd.StoredSteps;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Files;
import java.util.Iterator;
import java.util.List;

/** A complete run of the published script, as the fixtures store it, done again stage by stage with its noise. */
final class StoredPasd {
    private final StoredSteps stored;
    private final Pasd system;

    StoredPasd(String name, Pasd system) {
        stored = StoredSteps.of("pasd", name);
        this.system = system;
    }

    private Options options() {
        Options own = stored.options(system.defaults(), system.model().base().vae.config().downscale());
        assertThat(own.get(NEGATIVE)).isEqualTo(stored.text("negative_prompt"));
        boolean noise = stored.run().get("init_latent_with_noise").getAsBoolean();
        return own.with(PROMPT, stored.text("prompt").replace(own.get(ADDED_PROMPT), "")).with(Pasd.ADDED_NOISE, stored.whole("added_noise_level"))
                .with(ControlOptions.START, noise ? ControlOptions.Start.NOISE : ControlOptions.Start.LR);
    }

    /** The photo in its sizes: as the networks see it, but for the sides that the published script cuts, and as it comes out. */
    void checkSizes() {
        Image lr = stored.image("lr"), in = stored.image("input");
        ResultSize size = size(lr);
        stored.checkEnlarged(Pasd.enlarged(lr, size, stored.whole("process_size")));
        assertThat(List.of(size.width(), size.height()))
                .isEqualTo(stored.run().getAsJsonArray("final_size").asList().stream().map(JsonElement::getAsInt).toList());
        if (!Files.exists(stored.file("out_wavelet.png"))) return;
        Image fixed = stored.image("out_wavelet");
        stored.checkNear("out_wavelet", ColorFix.wavelet(stored.image("out_nofix"), in), fixed);
        if (Files.exists(stored.file("final_wavelet.png"))) stored.checkNear("final",
                Resize.resize(fixed, size.width(), size.height(), Filter.BICUBIC), stored.image("final_wavelet"));
    }

    private ResultSize size(Image lr) { return ResultSize.of(options(), lr); }

    /** The latents of each step for the stored predictions. */
    void checkSteps() {
        try (Scope _ = Scope.open()) {
            Tensor first = stored.tensor("start_latents");
            int h = first.size(1), w = first.size(2);
            Plan p = system.plan(run(options()), h, w), whole = new Plan(p.schedule(), p.sampler(), p.guidance(), null,
                    TileGrid.of(h, w, h, w, 1), true);
            stored.latents(whole, (_, at) -> stored.tensor("eps." + at.step()), first);
        }
    }

    void check() {
        Image in = stored.image("input");
        Options o = options();
        assertThat(Pasd.prompt(o)).isEqualTo(stored.text("prompt"));
        try (Scope _ = Scope.open()) {
            SdRun r = run(o);
            Plan plan = system.plan(r, in.height() / 8, in.width() / 8);
            stored.checkTimesteps(plan);
            Tensor first = system.start(r, in, plan.sampler());
            stored.check("start_latents", first);
            Denoiser denoiser = system.denoiser(r, in, plan);
            stored.checkPredictions(plan, denoiser);
            stored.checkDecoded(r, stored.latents(plan, denoiser, first));
        }
    }

    /** Noise comes in the published order, and all of it is asked for before the steps. */
    private SdRun run(Options o) {
        Iterator<JsonElement> drawn = stored.run().getAsJsonArray("noise_drawn_in_order").iterator();
        Image lr = stored.image("lr");
        return SdRun.given(system.model().base(), lr, ResultSize.of(o, lr), o, Listener.NONE, (_, _) -> stored.tensor(drawn.next().getAsString()));
    }
}
