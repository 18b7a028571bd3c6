package dev.faithdiff.nn.train;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.BinaryOp;
import dev.faithdiff.tensor.op.Engine;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Exponential moving averages of parameters in F32, started from their values (diffusers EMAModel). The caller decides how often to
 * update; the published scripts do so every 100 steps.
 */
public final class Ema implements AutoCloseable {
    private final Map<String, Tensor> parameters;
    private final Map<String, Tensor> averages = new LinkedHashMap<>();
    private final double decay;
    private final boolean warmup;
    private final Scope scope = Scope.detached();
    private long updates;

    /** With the published warm-up, see {@link #decay()}. */
    public Ema(Map<String, Tensor> parameters, double decay) { this(parameters, decay, true); }

    /** @param warmup false: {@code decay} from the first update on */
    public Ema(Map<String, Tensor> parameters, double decay, boolean warmup) {
        this.parameters = Map.copyOf(parameters);
        this.decay = decay;
        this.warmup = warmup;
        try (Scope _ = Scope.open()) {
            parameters.forEach((name, p) -> averages.put(name, scope.adopt(p.to(DType.F32).mul(1)).named(name)));
        }
    }

    /**
     * The decay of the next update, number s from 0: {@code min(decay, (1 + s) / (10 + s))}, and 0 for the first, which therefore copies
     * the parameters.
     */
    public double decay() {
        if (!warmup) return decay;
        return updates == 0 ? 0 : Math.min(decay, (1.0 + updates) / (10.0 + updates));
    }

    /** {@code average -= (1 - decay) (average - parameter)} for each. */
    public void update() {
        float share = (float) (1 - decay());
        averages.forEach((name, average) -> {
            try (Scope _ = Scope.open()) {
                Tensor step = average.sub(parameters.get(name).to(DType.F32)).mul(share);
                Engine.update(new BinaryOp(BinaryOp.Kind.SUB), average, average, step);
            }
        });
        updates++;
    }

    /** The averages by their parameters' names; they belong to this object. */
    public Map<String, Tensor> averages() { return averages; }

    /** Updates done. */
    public long updates() { return updates; }

    /** Takes earlier averages of the same parameters. @throws dev.faithdiff.tensor.OpError if one is missing or misshapen */
    public void restore(Map<String, Tensor> averages, long updates) {
        TensorCopy.all(averages, this.averages);
        this.updates = updates;
    }

    @Override public void close() { scope.close(); }
}
