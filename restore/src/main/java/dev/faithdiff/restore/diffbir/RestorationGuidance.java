package dev.faithdiff.restore.diffbir;

import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.diffusion.Levels;
import dev.faithdiff.restore.diffusion.NoiseSchedule;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;
import java.util.List;
import java.util.Locale;

/**
 * Draws each step's clean latents towards the cleaned photo (DiffBIR's restoration guidance, of its version 2.0.0). It is a denoiser around another
 * one, whose answers it changes so that they mean these clean latents.
 *
 * @param target the cleaned photo, as image {@code [1, 8h, 8w, 3]} in -1..1 or as latents {@code [1, h, w, C]} on the scale of the diffusion
 * @param vae    decodes, where the target is an image; else null
 */
record RestorationGuidance(Denoiser inner, Plan plan, RestorationLoss loss, double scale, int repeats, Tensor target, Vae vae) implements Denoiser {
    /** Where the prediction is compared with the cleaned photo. */
    enum Space {
        LATENT, RGB;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    /** The published scale counts so much more. */
    private static final double UNIT = 3000;

    @Override public Tensor predict(Tensor latents, At at) {
        Levels levels = plan.sampler().levels();
        double sigma = levels.from()[at.step()];
        try (Scope s = Scope.open()) {
            Tensor answer = plan.guidance().apply(inner.predict(latents, at), at.timestep());
            Tensor data = plan.schedule().data(answer, latents, sigma), changed = data;
            float share = (float) (1 / weight(sigma, levels.to()[at.step()]));
            for (int i = 0; i < repeats; i++) changed = changed.add(change(changed, plan.grid().tiles().get(at.tile())).mul(share));
            double means = plan.schedule().prediction() == NoiseSchedule.Prediction.EPSILON ? sigma : Levels.spread(sigma);
            return s.keep(answer.sub(changed.sub(data).mul((float) (1 / means))));
        }
    }

    /** What clean data count in a step of DDPM: the published change is one of the step's mean. */
    static double weight(double from, double to) {
        double now = Levels.alpha(from) * Levels.alpha(from), next = Levels.alpha(to) * Levels.alpha(to);
        return Math.sqrt(next) * (1 - now / next) / (1 - now);
    }

    private Tensor change(Tensor data, TileGrid.Tile tile) {
        if (vae == null) return loss.change(data, plan.grid().cut(target, tile), UNIT * scale);
        int down = vae.config().downscale();
        Tensor image = target.slice(1, tile.row() * down, (tile.row() + data.size(1)) * down)
                .slice(2, tile.column() * down, (tile.column() + data.size(2)) * down);
        float[] change;
        try (Scope _ = Scope.open()) {
            Tensor latents = data.to(DType.F32).mul(1 / vae.config().scaling());
            try (Tape tape = Tape.watch(List.of(latents), true)) {
                Tensor decoded = vae.decode(latents), wanted = loss.change(decoded, image, UNIT * scale);
                Tensor gradient = tape.gradients(decoded.mul(wanted).mean()).get(latents);
                change = gradient.mul(wanted.count() / vae.config().scaling()).toFloats();
            }
        }
        return Tensor.of(change, data.shape().toArray()).to(data.device());
    }
}
