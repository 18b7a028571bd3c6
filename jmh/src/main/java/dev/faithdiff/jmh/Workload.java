package dev.faithdiff.jmh;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/** What a benchmark repeats, with the tensors and models it holds meanwhile. */
public final class Workload implements AutoCloseable {
    /** Operations and least traffic of one run. */
    public record Cost(long flops, long bytes) {}

    private final Scope scope = Scope.detached();
    private final List<AutoCloseable> held = new ArrayList<>();
    private final Rng rng = Rng.cpu(1);
    private Supplier<?> body;

    /** Keeps something open as long as this work. */
    public <T extends AutoCloseable> T hold(T thing) {
        held.add(thing);
        return thing;
    }

    /** Keeps tensors made by {@code make} as long as this work. */
    public Tensor[] tensors(Supplier<Tensor[]> make) {
        try (Scope _ = Scope.open()) {
            Tensor[] made = make.get();
            for (Tensor t : made) scope.adopt(t);
            return made;
        }
    }

    /** What lives as long as this work. */
    Scope scope() { return scope; }

    /** What inputs are drawn from. */
    Rng random() { return rng; }

    public Workload repeat(Supplier<?> work) {
        body = work;
        return this;
    }

    /** Repeats the same on kernels that round operands to BF16, as {@code --precision bf16} does. */
    Workload rounded() {
        Supplier<?> exact = body;
        return repeat(() -> Engine.rounding(DType.BF16, exact));
    }

    public Object run() {
        try (Scope _ = Scope.open()) {
            return body.get();
        }
    }

    /** Runs once and adds up what the ops cost. */
    public Cost cost() {
        AtomicLong flops = new AtomicLong(), bytes = new AtomicLong();
        Engine.observed((op, in, out, kernel, nanos) -> {
            flops.addAndGet(op.flops(in));
            bytes.addAndGet(op.bytes(in));
        }, this::run);
        return new Cost(flops.get(), bytes.get());
    }

    @Override public void close() {
        scope.close();
        held.forEach(Workload::close);
        Device.CPU.pool().trim();
    }

    private static void close(AutoCloseable thing) {
        try {
            thing.close();
        } catch (Exception e) {
            throw new IllegalStateException("cannot close " + thing, e);
        }
    }
}
