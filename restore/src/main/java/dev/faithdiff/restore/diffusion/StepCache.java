package dev.faithdiff.restore.diffusion;

import dev.faithdiff.networks.unet.Shortcut;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which steps skip the inner part of a U-Net and reuse its result of the last complete step. That result depends on latents and timestep, so
 * reusing it changes the image.
 *
 * @param rule   when a step is complete
 * @param limit  {@link Rule#DEEP}: the number of steps from a complete one to the next; else the largest relative change
 * @param branch {@link Rule#DEEP}: how many layers run besides the last one, on the down path and again on the up path
 */
public record StepCache(Rule rule, double limit, int branch) {
    /** When the inner part is taken to give nearly the same. */
    public enum Rule {
        /** In all steps between complete ones, which follow at a fixed interval (DeepCache, Ma et al. 2024). */
        DEEP,
        /** While the features after the outermost level hardly change: the whole output is reused (as nunchaku does for SDXL). */
        OUTPUT,
        /** While what the first layer adds hardly changes: what the others added is reused (first-block caching). */
        RESIDUAL
    }

    /** The text form, in words after "must be". */
    static final String FORM = "deep, output or residual with its number, such as deep:3, deep:3:1 or output:0.1";
    private static final Pattern DEEP = Pattern.compile("deep:([1-9]\\d{0,2})(?::(\\d))?");
    private static final Pattern CHANGE = Pattern.compile("(output|residual):(\\d*\\.?\\d+)");

    /** The cache that a text stands for, see {@link #FORM}; null for a text that stands for none. */
    static StepCache of(String text) {
        Matcher deep = DEEP.matcher(text), change = CHANGE.matcher(text);
        if (deep.matches() && !deep.group(1).equals("1")) {
            return new StepCache(Rule.DEEP, Integer.parseInt(deep.group(1)), deep.group(2) == null ? 0 : Integer.parseInt(deep.group(2)));
        }
        if (!change.matches() || Double.parseDouble(change.group(2)) == 0) return null;
        return new StepCache(change.group(1).equals("output") ? Rule.OUTPUT : Rule.RESIDUAL, Double.parseDouble(change.group(2)), 0);
    }

    /** @param layers of each level of the U-Net @throws IllegalArgumentException in one line if its outermost level has fewer than the branch */
    public void requireLayers(int layers) {
        if (branch > layers) throw new IllegalArgumentException("cache must have a branch of at most " + layers + " for this model, not " + branch);
    }

    /** A new memory, before the first step. Each tile has its own. */
    Memory begin() { return new Memory(); }

    /** What is remembered of the last complete step of a tile. Close it when done. */
    final class Memory implements AutoCloseable {
        private static final String SEEN = "seen", INNER = "inner";
        private final Map<String, Tensor> kept = new HashMap<>();
        private Scope held = Scope.detached();

        /** For a step. @param step its number */
        Shortcut at(int step) {
            return new Shortcut() {
                @Override public int down(int layers) {
                    return switch (rule) { case DEEP -> branch; case OUTPUT -> layers + 1; case RESIDUAL -> 1; };
                }

                @Override public int up() { return rule == Rule.DEEP ? branch + 1 : 0; }

                @Override public Tensor inside(List<Tensor> seen, Supplier<Tensor> inner) { return Memory.this.inside(step, seen, inner); }
            };
        }

        private Tensor inside(int step, List<Tensor> seen, Supplier<Tensor> inner) {
            Tensor first = seen.getFirst(), last = seen.getLast();
            Tensor now = switch (rule) { case DEEP -> null; case OUTPUT -> last.mul(1); case RESIDUAL -> last.sub(first); };
            if (keepRows(first.size(0)) && !isComplete(step, now)) return rule == Rule.RESIDUAL ? last.add(kept.get(INNER)) : kept.get(INNER);
            Tensor result = inner.get();
            recall(Map.of());
            if (now != null) keep(SEEN, now);
            keep(INNER, rule == Rule.RESIDUAL ? result.sub(last) : result);
            return result;
        }

        /**
         * Whether there is something to take for so many rows. Where guidance goes off, the prompt's row stays; where it comes on, the other
         * one is missing.
         */
        private boolean keepRows(int rows) {
            if (kept.isEmpty() || kept.get(INNER).size(0) < rows) return false;
            int from = kept.get(INNER).size(0) - rows;
            if (from > 0) recall(Map.copyOf(kept), from);
            return true;
        }

        private boolean isComplete(int step, Tensor now) {
            if (rule == Rule.DEEP) return step % (int) limit == 0;
            Tensor before = kept.get(SEEN).to(DType.F32);
            double change = before.sub(now.to(DType.F32)).abs().mean().item() / before.abs().mean().item();
            return !(rule == Rule.OUTPUT ? change < limit : change <= limit); // no number: complete
        }

        private void keep(String name, Tensor t) { kept.put(name, held.adopt(t)); }

        /** The tensors that are remembered, by name. They stay this memory's own. */
        Map<String, Tensor> memory() { return Map.copyOf(kept); }

        /** Takes over the {@link #memory} of an earlier one, to go on as that would. */
        void recall(Map<String, Tensor> memory) { recall(memory, 0); }

        /** @param from the first row that is still needed */
        private void recall(Map<String, Tensor> memory, int from) {
            Scope before = held;
            held = Scope.detached();
            kept.clear();
            memory.forEach((name, t) -> keep(name, from == 0 ? t : t.slice(0, from, t.size(0)).mul(1)));
            before.close();
        }

        @Override public void close() { held.close(); }
    }
}
