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
import java.util.function.UnaryOperator;

/** Denoises latents step by step, in tiles. All that is a system's own is in its {@link Denoiser}. */
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

    /** A step of one tile or of the whole: the predicted clean latents, and the latents after it. */
    private record TileStep(Tensor data, Tensor after) {}

    private final Plan plan;
    private final Sampler sampler;
    private final Denoiser denoiser;
    private final Supplier<Tensor> noise;
    private final Watcher watcher;

    /** @param noise draws standard normal noise of the size of what takes a step, a tile or the whole, for samplers that add some */
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
            List<TileStep> tiles = plan.joined() ? List.of(together(d)) : each(d);
            d.advance(merged(tiles, TileStep::after));
            watcher.step(d, () -> merged(tiles, TileStep::data));
        }
    }

    /** Each tile takes the step by itself. */
    private List<TileStep> each(Denoising d) {
        List<TileStep> tiles = new ArrayList<>();
        for (int tile = 0; tile < plan.tiles(); tile++) {
            int number = tile;
            Tensor x = plan.grid().cut(d.latents(), plan.grid().tiles().get(tile));
            tiles.add(step(d, x, d.state(tile), () -> predicted(d, x, in -> answer(d, in, number))));
            watcher.tile(tile + 1, plan.tiles());
        }
        return tiles;
    }

    /** The whole takes the step by the merged answers of all tiles. */
    private TileStep together(Denoising d) { return step(d, d.latents(), d.state(0), () -> predicted(d, d.latents(), in -> answers(d, in))); }

    private TileStep step(Denoising d, Tensor x, Sampler.State state, Supplier<Tensor> prediction) {
        int step = d.step();
        Tensor data = prediction.get();
        Tensor next = state.step(x, data, step, noise);
        Finite.require(next, prediction, "denoising step " + (step + 1) + " of " + plan.steps());
        return new TileStep(data, next);
    }

    /** The clean latents of a tile or of the whole. An image can have hundreds of tiles, so nothing else stays of the network's work. */
    private Tensor predicted(Denoising d, Tensor x, UnaryOperator<Tensor> network) {
        try (Scope s = Scope.open()) {
            int step = d.step();
            Tensor in = sampler.scaleInput(x, step), answer = plan.guidance().apply(network.apply(in), sampler.timesteps()[step]);
            return s.keep(plan.schedule().data(answer, in, sampler.levels().from()[step]));
        }
    }

    private Tensor answer(Denoising d, Tensor in, int tile) {
        int step = d.step();
        Shortcut shortcut = d.cache(tile) == null ? Shortcut.NONE : d.cache(tile).at(step);
        boolean guided = plan.guidance().active(sampler.levels().from()[step]);
        return denoiser.predict(in, new Denoiser.At(tile, step, sampler.timesteps()[step], guided, shortcut));
    }

    private Tensor answers(Denoising d, Tensor in) {
        List<Tensor> answers = new ArrayList<>();
        for (int tile = 0; tile < plan.tiles(); tile++) {
            try (Scope s = Scope.open()) {
                answers.add(s.keep(answer(d, plan.grid().cut(in, plan.grid().tiles().get(tile)), tile)));
            }
            watcher.tile(tile + 1, plan.tiles());
        }
        return plan.grid().merge(answers);
    }

    private Tensor merged(List<TileStep> tiles, Function<TileStep, Tensor> part) {
        List<Tensor> parts = tiles.stream().map(part).toList();
        return plan.joined() ? parts.getFirst() : plan.grid().merge(parts);
    }
}
