package dev.faithdiff.server.lab;

import com.sun.management.ThreadMXBean;
import dev.faithdiff.kernels.cpu.Limits;
import dev.faithdiff.kernels.lab.Bench;
import dev.faithdiff.kernels.lab.Case;
import dev.faithdiff.kernels.lab.Cases;
import dev.faithdiff.kernels.lab.OnnxModel;
import dev.faithdiff.kernels.lab.Parity;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Compiles a kernel for the CPU, checks it, times it beside those that there are, and runs the bundled model on it. */
final class JavaTrial {
    private static final int TIMED_CASES = 4, RIVALS = 3, MILLIS = 120, SHOWN_FAILURES = 8;
    private static final double FASTER = 0.95, SLOWER = 1.05;

    private final Class<? extends Op> op;
    private final Path home;
    private final TrialProcess.Findings findings;

    JavaTrial(Class<? extends Op> op, Path home, TrialProcess.Findings findings) {
        this.op = op;
        this.home = home;
        this.findings = findings;
    }

    void run(String source) {
        Kernel<?> kernel;
        try {
            kernel = CompiledKernel.of(source, KernelSources.neighbour(source, op));
        } catch (CompiledKernel.Rejected e) {
            findings.found("compile", Map.of("errors", e.faults()));
            verdict("rejected", "it does not compile: " + e.getMessage());
            return;
        }
        if (kernel.op() != op) {
            verdict("rejected", "it computes " + Op.name(kernel.op()) + ", not " + Op.name(op));
            return;
        }
        findings.found("compile", Map.of("kernel", kernel.name(), "errors", List.of()));
        if (kernel.unavailable() != null) verdict("rejected", "it cannot run here: " + kernel.unavailable());
        else if (isRight(kernel) && hasRightGradient(kernel)) compare(kernel);
    }

    private boolean isRight(Kernel<?> kernel) {
        List<Parity.Result> ran = new ArrayList<>();
        List<String> refused = new ArrayList<>();
        for (Case c : Cases.parity(op)) {
            findings.found("begun", Map.of("work", "parity, " + c.name()));
            Parity.Result r = Parity.run(kernel, c, Device.CPU);
            if (r.ran()) ran.add(r);
            else refused.add(c.name() + ": " + r.refusal());
        }
        List<Parity.Result> failed = ran.stream().filter(r -> r.failure() != null).toList();
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("cases", ran.size());
        facts.put("refused", refused.size());
        facts.put("failed", failed.size());
        ran.stream().filter(r -> r.failure() == null).max(Comparator.comparingDouble(r -> r.error() / r.allowed()))
                .ifPresent(w -> facts.put("worst", fact(w)));
        facts.put("failures", failed.stream().limit(SHOWN_FAILURES).map(JavaTrial::fact).toList());
        findings.found("parity", facts);
        if (ran.isEmpty()) {
            verdict("rejected", "it refuses all small cases, so nothing shows that it is right: " + (refused.isEmpty() ? "" : refused.getFirst()));
        } else if (!failed.isEmpty()) {
            verdict("wrong", failed.size() + " of " + ran.size() + " cases differ from the reference, first " + failed.getFirst());
        }
        return !ran.isEmpty() && failed.isEmpty();
    }

    private static Map<String, Object> fact(Parity.Result r) {
        Map<String, Object> f = new LinkedHashMap<>();
        f.put("case", r.name());
        f.put("error", r.error());
        f.put("allowed", r.allowed());
        if (r.failure() != null) f.put("failure", r.failure());
        return f;
    }

    private boolean hasRightGradient(Kernel<?> kernel) {
        findings.found("begun", Map.of("work", "gradient"));
        DirectionalGradient.Result r = DirectionalGradient.check(kernel, Cases.parity(op));
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("cases", r.cases());
        facts.put("error", r.error());
        facts.put("allowed", DirectionalGradient.ALLOWED);
        facts.put("note", r.note());
        findings.found("gradient", facts);
        boolean right = !(r.error() > DirectionalGradient.ALLOWED);
        if (!right) verdict("wrong", "its slope differs from the op's gradient: " + r.note());
        return right;
    }

    private void compare(Kernel<?> kernel) {
        findings.found("begun", Map.of("work", "limits of this machine"));
        Limits limits = Limits.measured();
        findings.found("limits", Map.of("gflops", limits.gflops(), "gbytes", limits.gbytes()));
        OnnxRuntime peer = OnnxRuntime.found(System.getProperty(OnnxRuntime.JAR));
        List<Double> ratios = new ArrayList<>();
        List<Case> taken = Cases.model(op).stream().filter(c -> Bench.refusal(kernel, c, Device.CPU) == null).toList();
        for (Case c : spread(taken)) {
            findings.found("begun", Map.of("work", "time, " + c.name()));
            List<Kernel<?>> all = new ArrayList<>(List.of(kernel));
            Bench.takers(c, Device.CPU).stream().filter(k -> k.rounds() == kernel.rounds()).limit(RIVALS).forEach(all::add);
            List<Map<String, Object>> times = new ArrayList<>();
            List<Bench.Time> measured = Bench.run(c, Device.CPU, all, MILLIS);
            for (Bench.Time t : measured) times.add(fact(t, c, limits));
            if (peer != null && kernel.rounds() == null && OnnxModel.isFor(c)) times.add(fact(peer.time(OnnxModel.of(c), MILLIS), c, limits));
            findings.found("time", Map.of("case", c.name(), "flops", c.flops(), "bytes", c.bytes(), "kernels", times,
                    "allocated", allocated(kernel, c)));
            measured.stream().skip(1).mapToDouble(Bench.Time::nanos).min().ifPresent(best -> ratios.add(measured.getFirst().nanos() / best));
        }
        new ModelTrial(home, findings).run(kernel);
        if (ratios.isEmpty()) verdict("right", "it is right; no real model's case has another kernel to compare with");
        else {
            double mean = Math.exp(ratios.stream().mapToDouble(Math::log).average().orElseThrow());
            String times = String.format(Locale.ROOT, "%.2f of the time of the fastest other kernel, over %d cases", mean, ratios.size());
            verdict(mean < FASTER ? "faster" : mean > SLOWER ? "slower" : "as fast", "it is right and takes " + times);
        }
    }

    /** A few cases, from the least to the most work. */
    private static List<Case> spread(List<Case> all) {
        List<Case> sorted = all.stream().sorted(Comparator.comparingLong(Case::flops)).toList();
        if (sorted.size() <= TIMED_CASES) return sorted;
        List<Case> some = new ArrayList<>();
        for (int i = 0; i < TIMED_CASES; i++) some.add(sorted.get(i * (sorted.size() - 1) / TIMED_CASES));
        return some;
    }

    private static Map<String, Object> fact(Bench.Time t, Case c, Limits limits) {
        Map<String, Object> f = new LinkedHashMap<>();
        f.put("kernel", t.kernel());
        f.put("millis", t.nanos() / 1e6);
        f.put("low", t.low() / 1e6);
        f.put("high", t.high() / 1e6);
        f.put("gflops", c.flops() / t.nanos());
        f.put("gbytes", c.bytes() / t.nanos());
        f.put("ofLimit", limits.fraction(c.flops(), c.bytes(), t.nanos()));
        return f;
    }

    /** Bytes of the heap that one run allocates in its own thread. */
    private static long allocated(Kernel<?> kernel, Case c) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Scope _ = Scope.open()) {
            Tensor[] in = c.draw(Device.CPU);
            long id = Thread.currentThread().threadId(), before = threads.getThreadAllocatedBytes(id);
            Engine.run(kernel, c.op(), in);
            return threads.getThreadAllocatedBytes(id) - before;
        }
    }

    private void verdict(String what, String why) { findings.found("verdict", Map.of("verdict", what, "why", why)); }
}
