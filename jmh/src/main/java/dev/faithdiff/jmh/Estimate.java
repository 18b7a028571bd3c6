package dev.faithdiff.jmh;

import dev.faithdiff.kernels.cuda.op.PlanKernel;
import dev.faithdiff.kernels.lab.Table;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.NormedOp;
import dev.faithdiff.tensor.op.Op;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * How long models of full size would take on a {@link Card}, from the ops that run and the kernels that the engine picks for them on a
 * {@link PaperBackend}. Work on the host is left out: a graph hides it.
 */
final class Estimate {
    private record Row(String what, String kernel) {}

    private static final class Sum {
        long count, launches, flops, bytes;
        double micros;
    }

    private final Card card;
    private final Map<Row, Sum> sums = new LinkedHashMap<>();
    private double multiplying;
    private List<Runnable> parts; // of the fused op that is composed for comparison, else null
    private double partsMicros;

    private Estimate(Card card) { this.card = card; }

    /**
     * Of one run of a model, after one that makes what later runs keep.
     *
     * @param dtype    of activations and weights
     * @param rounding whether linear layers may round to F8
     */
    static Estimate of(Card card, DType dtype, boolean rounding, int batch, Function<BenchTarget, Workload> make) {
        Estimate e = new Estimate(card);
        try (Workload work = make.apply(new BenchTarget(new PaperBackend().open(0), dtype, batch))) {
            work.run();
            Supplier<Object> seen = () -> Engine.observed((op, in, out, kernel, nanos) -> e.add(op, in, out, kernel), work::run);
            if (rounding) Engine.rounding(DType.F8_E4M3, seen);
            else seen.get();
        }
        return e;
    }

    /** A GPU measures a kernel of plans against the one that follows it; here their rates decide. */
    private <O extends Op> Kernel<O> faster(O op, Tensor[] in, Tensor out, Kernel<O> picked) {
        Kernel<O> other = picked instanceof PlanKernel<O> plans ? plans.other(Card.CUDA, op, in) : null;
        if (other == null) return picked;
        Kernel<O> best = faster(op, in, out, other);
        return card.total(best, op, in, out) < card.total(picked, op, in, out) ? best : picked;
    }

    private <O extends Op> void add(O op, Tensor[] in, Tensor out, String picked) {
        Kernel<O> kernel = faster(op, in, out, Card.kernel(picked, op));
        double micros = card.micros(kernel, op, in, out);
        if (parts != null) {
            partsMicros += card.total(kernel, op, in, out);
            parts.add(() -> add(op, in, out, kernel, micros));
        } else if (op instanceof NormedOp normed) {
            List<Runnable> seen = new ArrayList<>();
            parts = seen;
            partsMicros = 0;
            try (Scope _ = Scope.open()) {
                normed.compose(in);
            }
            parts = null;
            if (partsMicros < micros) seen.forEach(Runnable::run);
            else add(op, in, out, kernel, micros);
        } else add(op, in, out, kernel, micros);
    }

    private <O extends Op> void add(O op, Tensor[] in, Tensor out, Kernel<O> kernel, double micros) {
        if (card.multiplies(kernel)) multiplying += micros;
        add(new Row(label(op, in, card.multiplies(kernel)), kernel.name()), card.launches(kernel, op, in), op.flops(in), op.bytes(in), micros);
        if (!card.addsBias(kernel, in)) return;
        add(new Row("bias of " + Op.name(op.getClass()), kernel.name()), 1, out.count(), 2 * out.bytes(), card.bias(out));
    }

    private void add(Row row, int launches, long flops, long bytes, double micros) {
        Sum s = sums.computeIfAbsent(row, _ -> new Sum());
        s.count++;
        s.launches += launches;
        s.flops += flops;
        s.bytes += bytes;
        s.micros += micros;
    }

    private static String label(Op op, Tensor[] in, boolean shapes) {
        String name = Op.name(op.getClass());
        if (op instanceof NormedOp normed) name = Op.name(normed.norm().getClass()) + ", " + Op.name(normed.then().getClass());
        int weight = op instanceof NormedOp ? NormedOp.ofNorm(in).length : 1;
        return shapes && in.length > 1 ? name + " " + in[0].dtype() + " " + in[0].shape() + " " + in[weight].shape() : name;
    }

    double millis() { return sums.values().stream().mapToDouble(s -> s.micros).sum() / 1e3; }

    long launches() { return sums.values().stream().mapToLong(s -> s.launches).sum(); }

    /** The rows, those that take longest first, and their sum. */
    @Override public String toString() {
        Table table = new Table("op", "kernel", "runs", "launches", "ms", "TFLOP/s", "GB/s");
        sums.entrySet().stream().sorted(Comparator.comparingDouble(e -> -e.getValue().micros)).forEach(e -> {
            Sum s = e.getValue();
            table.row(e.getKey().what, e.getKey().kernel, s.count, s.launches, s.micros / 1e3, s.flops / s.micros / 1e6, s.bytes / s.micros / 1e3);
        });
        double tera = sums.values().stream().mapToLong(s -> s.flops).sum() / 1e12;
        return table + String.format(Locale.ROOT, "%.1f ms on an %s by its rates, not measured: %.1f ms of it multiply, %d launches, %.2f TFLOP.%n",
                millis(), card.name(), multiplying / 1e3, launches(), tera);
    }
}
