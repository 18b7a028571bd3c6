package dev.faithdiff.restore.diffusion;

import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;

/** Where a denoising stands: the latents {@code [1, h, w, C]} and what sampler and cache remember of each tile. The next step needs nothing else. */
public final class Denoising implements AutoCloseable {
    private final List<Sampler.State> states;
    private final List<StepCache.Memory> caches;
    private final Scope held = Scope.detached();
    private Tensor latents;
    private int step;

    /**
     * A denoising whose sampler and cache remember nothing yet.
     *
     * @param latents are taken over from their scope
     * @param step    steps that are done
     */
    public Denoising(Plan plan, Tensor latents, int step) {
        this.latents = held.adopt(latents);
        this.step = step;
        states = Stream.generate(plan.sampler()::begin).limit(plan.walks()).toList();
        caches = plan.cache() == null ? List.of() : Stream.generate(plan.cache()::begin).limit(plan.tiles()).toList();
    }

    public Tensor latents() { return latents; }

    /** The number of steps that are done. */
    public int step() { return step; }

    /** What the sampler remembers of a tile, or of the whole where that takes the steps. */
    public Sampler.State state(int tile) { return states.get(tile); }

    /** What the cache remembers of a tile; null where there is none. */
    StepCache.Memory cache(int tile) { return caches.isEmpty() ? null : caches.get(tile); }

    /** How many {@link #state}s there are. */
    int walks() { return states.size(); }

    /** How many caches there are. */
    int caches() { return caches.size(); }

    /** Puts the latents after a step in the place of those before, which the current scope gets. */
    void advance(Tensor next) {
        Scope.current().adopt(latents);
        latents = held.adopt(next);
        step++;
    }

    /** Hands the latents to the current scope. */
    Tensor result() { return Scope.current().adopt(latents); }

    @Override public void close() {
        held.close();
        states.forEach(Sampler.State::close);
        caches.forEach(StepCache.Memory::close);
    }
}
