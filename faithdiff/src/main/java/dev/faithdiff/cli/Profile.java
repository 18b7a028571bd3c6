package dev.faithdiff.cli;

import dev.faithdiff.kernels.cpu.Limits;
import dev.faithdiff.kernels.lab.Table;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.PeakMemory;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Op;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Shows where the time of a restoration goes: in tables by op and by module, and in a {@link Trace} of stages, modules and ops.
 *
 * <p>An op belongs to the module whose weight it reads. An op that reads no weight belongs to the module of the op before it.
 */
public final class Profile implements Engine.Observer, AutoCloseable {
    /** The start of a weight's key that names its module: up to the first number, or in blocks up to the number of the resnet or transformer. */
    private static final Pattern MODULE = Pattern.compile(".*?blocks\\.\\d+\\.\\w+\\.\\d+|.*?\\.\\d+");
    private static final int SHOWN = 25;

    /** Time, operations and bytes of all calls of one kind. */
    private static final class Sum {
        final List<Long> nanos = new ArrayList<>();
        long total, flops, bytes;

        void add(long ns, long f, long b) {
            nanos.add(ns);
            total += ns;
            flops += f;
            bytes += b;
        }

        double medianMillis() { return nanos.stream().sorted().skip(nanos.size() / 2).findFirst().orElse(0L) / 1e6; }
    }

    private final Trace trace;
    private final long start = System.nanoTime();
    private final Map<String, Sum> ops = new LinkedHashMap<>(), modules = new LinkedHashMap<>();
    private String module = "input", stage = "open";
    private long moduleBegin = start, stageBegin = start, lastEnd = start;

    /** @param file of the trace; it appears at the {@link #end} */
    Profile(Path file) { this(new Trace(file)); }

    private Profile(Trace trace) { this.trace = trace; }

    @Override public synchronized void ran(Op op, Tensor[] in, Tensor out, String kernel, long nanos) {
        long end = System.nanoTime(), begin = end - nanos, flops = op.flops(in), bytes = op.bytes(in);
        String key = weight(in), now = key == null ? module : module(key);
        if (!now.equals(module)) endModule(now, begin);
        lastEnd = end;
        ops.computeIfAbsent(op.name() + "\t" + kernel, k -> new Sum()).add(nanos, flops, bytes);
        modules.computeIfAbsent(module, k -> new Sum()).add(nanos, flops, bytes);
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("kernel", kernel);
        if (key != null) details.put("weight", key);
        details.put("operands", String.join(", ", List.of(in).stream().map(t -> t.dtype() + "" + t.shape()).toList()));
        details.put("GFLOP/s", flops / (double) nanos);
        details.put("GB/s", bytes / (double) nanos);
        trace.span(op.name(), "op", begin, end, details);
    }

    /** The label of the first operand that has one, or null. */
    public static String weight(Tensor[] in) {
        for (Tensor t : in) if (t.label() != null) return t.label();
        return null;
    }

    /** {@code down_blocks.1.attentions.0} of {@code down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q.weight}. */
    public static String module(String key) {
        Matcher m = MODULE.matcher(key);
        return m.lookingAt() ? m.group() : key.replaceFirst("\\.(weight|bias)$", "");
    }

    private void endModule(String next, long nextBegin) {
        if (lastEnd > moduleBegin) trace.span(module, "module", moduleBegin, lastEnd, Map.of());
        trace.counter("tensors MB", (Device.CPU.pool().usedBytes() >> 10) / 1024.0);
        module = next;
        moduleBegin = nextBegin;
    }

    /** The listener by which this hears of stages. */
    Listener stages() { return (name, step, steps) -> endStage(name.equals("denoise") ? "step " + (step + 1) : name); }

    private synchronized void endStage(String next) {
        long now = System.nanoTime();
        endModule("input", now);
        trace.span(stage, "stage", stageBegin, now, Map.of());
        stage = next;
        stageBegin = moduleBegin = now;
    }

    /** Completes the trace file and returns the tables. */
    String end(Device device) {
        endStage("");
        trace.finish();
        double seconds = (System.nanoTime() - start) / 1e9, kernels = ops.values().stream().mapToLong(s -> s.total).sum() / 1e9;
        long resident = PeakMemory.bytes() >> 20, pooled = device.pool().peakBytes() >> 20;
        Limits limits = device == Device.CPU ? Limits.measured() : new Limits(Double.NaN, Double.NaN);
        return String.format(Locale.ROOT, "%s%n%s%nOps took %.2f of %.2f s. Peak memory: %d MB resident, %d MB of tensors.%n",
                table(ops, limits, "op", "kernel"), table(modules, limits, "module"), kernels, seconds, resident, pooled)
                + (device == Device.CPU ? String.format(Locale.ROOT, "The limit: %.0f GFLOP/s of multiply-adds, %.1f GB/s of copying.%n",
                limits.gflops(), limits.gbytes()) : "");
    }

    private static Table table(Map<String, Sum> sums, Limits limits, String... keys) {
        List<String> headings = new ArrayList<>(List.of(keys));
        headings.addAll(List.of("calls", "total ms", "median ms", "share", "GFLOP/s", "GB/s", "of limit"));
        Table table = new Table(headings.toArray(String[]::new));
        double all = sums.values().stream().mapToLong(s -> s.total).sum();
        sums.entrySet().stream().sorted(Comparator.comparingLong(e -> -e.getValue().total)).limit(SHOWN).forEach(e -> {
            Sum s = e.getValue();
            List<Object> row = new ArrayList<>(List.of((Object[]) e.getKey().split("\t")));
            row.addAll(List.of(s.nanos.size(), s.total / 1e6, s.medianMillis(), String.format(Locale.ROOT, "%.1f%%", 100 * s.total / all),
                    s.flops / (double) s.total, s.bytes / (double) s.total, limits.fraction(s.flops, s.bytes, s.total)));
            table.row(row.toArray());
        });
        return table;
    }

    @Override public void close() { trace.close(); }
}
