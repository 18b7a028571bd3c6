package dev.faithdiff.jmh;

import dev.faithdiff.kernels.lab.Table;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Op;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Where the time of a model goes, op by op: each is waited for, so a GPU's times hold some microseconds of waiting each, and a graph is faster than
 * their sum. The least of a few runs.
 */
final class OpTimes {
    private static final int RUNS = 3;

    private record Row(String op, String kernel, String shapes) {}

    private static final class Sum {
        int count;
        double nanos, paper;
        long flops, bytes;
    }

    private final Map<Row, Sum> sums = new LinkedHashMap<>();
    private final Card card = Card.ALL.get("h200");

    static OpTimes of(Workload work) {
        OpTimes p = new OpTimes();
        for (int run = 0; run < RUNS; run++) {
            Map<Row, Double> times = new HashMap<>();
            boolean first = run == 0;
            Engine.observed((op, in, out, kernel, nanos) -> {
                Row row = row(op, in, kernel);
                times.merge(row, (double) nanos, Double::sum);
                if (first) p.count(row, op, in, out, kernel);
            }, work::run);
            times.forEach((row, nanos) -> {
                Sum s = p.sums.get(row);
                s.nanos = s.nanos == 0 ? nanos : Math.min(s.nanos, nanos);
            });
        }
        return p;
    }

    private static Row row(Op op, Tensor[] in, String kernel) {
        StringBuilder shapes = new StringBuilder();
        for (Tensor t : in) shapes.append(shapes.isEmpty() ? "" : " ").append(t.dtype()).append(t.shape());
        return new Row(op.name(), kernel, shapes.toString());
    }

    private void count(Row row, Op op, Tensor[] in, Tensor out, String kernel) {
        Sum s = sums.computeIfAbsent(row, _ -> new Sum());
        s.count++;
        s.flops += op.flops(in);
        s.bytes += op.bytes(in);
        s.paper += card.total(kernel, op, in, out);
    }

    /** Rows, those that take longest first, beside what {@link Card} expects of an H200. */
    @Override public String toString() {
        Table table = new Table("op", "kernel", "operands", "runs", "us each", "ms", "H200 by its rates", "TFLOP/s", "GB/s");
        sums.entrySet().stream().sorted(Comparator.comparingDouble(e -> -e.getValue().nanos)).forEach(e -> {
            Sum s = e.getValue();
            table.row(e.getKey().op, e.getKey().kernel, e.getKey().shapes, s.count, s.nanos / s.count / 1e3, s.nanos / 1e6, s.paper / 1e3,
                    s.flops / s.nanos / 1e3, s.bytes / s.nanos);
        });
        double all = sums.values().stream().mapToDouble(s -> s.nanos).sum() / 1e6;
        return table + String.format(Locale.ROOT, "The sum of the ops, each waited for: %.2f ms.%n", all);
    }
}
