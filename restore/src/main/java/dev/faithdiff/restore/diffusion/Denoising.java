package dev.faithdiff.restore.diffusion;

import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;

/** Latents {@code [1, h, w, C]} on their way down and what the sampler remembers of each tile: all that the next step needs. */
public final class Denoising implements AutoCloseable {
    private final List<Sampler.Walk> walks;
    private final Scope held = Scope.detached();
    private Tensor latents;
    private int step;

    /** At a step, with latents that are taken over. @param tiles each of which walks on its own */
    public Denoising(Tensor latents, int step, Sampler sampler, int tiles) {
        this.latents = held.adopt(latents);
        this.step = step;
        walks = Stream.generate(sampler::walk).limit(tiles).toList();
    }

    public Tensor latents() { return latents; }

    /** Steps taken. */
    public int step() { return step; }

    public Sampler.Walk walk(int tile) { return walks.get(tile); }

    public int tiles() { return walks.size(); }

    /** The latents after a step take the place of those before, which the current scope gets. */
    public void advance(Tensor next) {
        Scope.current().adopt(latents);
        latents = held.adopt(next);
        step++;
    }

    /** The latents, handed to the current scope. */
    public Tensor result() { return Scope.current().adopt(latents); }

    @Override public void close() {
        held.close();
        walks.forEach(Sampler.Walk::close);
    }
}
