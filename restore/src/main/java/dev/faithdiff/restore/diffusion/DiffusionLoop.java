package dev.faithdiff.restore.diffusion;

import dev.faithdiff.networks.unet.Shortcut;
import dev.faithdiff.restore.Finite;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/** Denoises latents step by step, tile by tile. All that is a system's own is in its {@link Denoiser}. */
public final class DiffusionLoop {
    /** Sees each step. */
    @FunctionalInterface
    public interface Watcher {
        /**
         * A step is done.
         *
         * @param at    the latents after it
         * @param clean makes the clean latents that the step's prediction means, until this call returns
         */
        void step(Denoising at, Supplier<Tensor> clean);

        /** @param tile finished tiles of the step, of {@code tiles} */
        default void tile(int tile, int tiles) {}
    }

    /** A step of one tile: the predicted clean latents, and the latents after it. */
    private record TileStep(Tensor data, Tensor after) {}

    private final Plan plan;
    private final Sampler sampler;
    private final Denoiser denoiser;
    private final Supplier<Tensor> noise;
    private final Watcher watcher;

    /** @param noise draws standard normal noise of a tile's size, for samplers that add some */
    public DiffusionLoop(Plan plan, Denoiser denoiser, Supplier<Tensor> noise, Watcher watcher) {
        this.plan = plan;
        sampler = plan.sampler();
        this.denoiser = denoiser;
        this.noise = noise;
        this.watcher = watcher;
    }

    /**
     * Takes all steps that are left. Returns the last latents, in the current scope.
     *
     * @throws OpError if latents are not finite after a step, naming the op that made the first such value
     */
    public Tensor run(Denoising d) {
        while (d.step() < plan.steps()) step(d);
        return d.result();
    }

    private void step(Denoising d) {
        try (Scope _ = Scope.open()) {
            List<TileStep> tiles = new ArrayList<>();
            for (int tile = 0; tile < plan.tiles(); tile++) {
                tiles.add(step(d, tile));
                watcher.tile(tile + 1, plan.tiles());
            }
            d.advance(merged(tiles, TileStep::after));
            watcher.step(d, () -> merged(tiles, TileStep::data));
        }
    }

    private TileStep step(Denoising d, int tile) {
        int step = d.step();
        Tensor x = plan.grid().cut(d.latents(), plan.grid().tiles().get(tile));
        Supplier<Tensor> prediction = () -> predicted(d, x, tile);
        Tensor data = prediction.get();
        Tensor next = d.state(tile).step(x, data, step, noise);
        Finite.require(next, prediction, "denoising step " + (step + 1) + " of " + plan.steps());
        return new TileStep(data, next);
    }

    /** The clean latents of a tile. An image can have hundreds of tiles, so nothing else stays of the network's work. */
    private Tensor predicted(Denoising d, Tensor x, int tile) {
        try (Scope s = Scope.open()) {
            int step = d.step();
            double sigma = sampler.levels().from()[step];
            Shortcut shortcut = d.cache(tile) == null ? Shortcut.NONE : d.cache(tile).at(step);
            Denoiser.At at = new Denoiser.At(tile, sampler.timesteps()[step], plan.guidance().active(sigma), shortcut);
            Tensor in = sampler.scaleInput(x, step);
            Tensor answer = plan.guidance().apply(denoiser.predict(in, at));
            return s.keep(plan.schedule().data(answer, in, sigma));
        }
    }

    private Tensor merged(List<TileStep> tiles, Function<TileStep, Tensor> part) { return plan.grid().merge(tiles.stream().map(part).toList()); }
}
