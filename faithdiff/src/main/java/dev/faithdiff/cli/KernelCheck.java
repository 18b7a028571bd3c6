package dev.faithdiff.cli;

import dev.faithdiff.kernels.lab.Bench;
import dev.faithdiff.kernels.lab.Case;
import dev.faithdiff.kernels.lab.Cases;
import dev.faithdiff.kernels.lab.Parity;
import dev.faithdiff.kernels.lab.Table;
import dev.faithdiff.tensor.op.Backend;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Compares kernels with their references, and keeps a row for each kernel with its worst case. */
final class KernelCheck {
    private final boolean types, model;
    private final Table table = new Table("op", "device", "kernel", "type", "cases", "refused", "worst error", "allowed", "in case", "verdict");
    private final List<Parity.Result> failures = new ArrayList<>();
    private final PrintWriter progress;
    private boolean idle;

    /**
     * @param types    whether each type of activations has a row of its own
     * @param model    whether the shapes are real models' instead of small ones
     * @param progress gets a line for each case of a real model, which takes seconds, or else for each kernel
     */
    KernelCheck(boolean types, boolean model, PrintWriter progress) {
        this.types = types;
        this.model = model;
        this.progress = progress;
    }

    Table table() { return table; }

    List<Parity.Result> failures() { return failures; }

    /** False if a kernel failed, or refused all small cases and so was not checked. */
    boolean passed() { return failures.isEmpty() && !idle; }

    void run(Backend backend, Class<? extends Op> op) {
        for (Kernel<?> k : Bench.kernels(backend, op)) run(k, backend);
    }

    private void run(Kernel<?> kernel, Backend backend) {
        Map<String, List<Parity.Result>> byType = new LinkedHashMap<>();
        for (Case c : model ? Cases.model(kernel.op()) : Cases.parity(kernel.op())) {
            String type = types ? c.types().activation().toString() : "all";
            Parity.Result result = Parity.run(kernel, c, backend.open(0));
            byType.computeIfAbsent(type, t -> new ArrayList<>()).add(result);
            if (model) progress.println(result);
        }
        idle |= !model && byType.values().stream().flatMap(List::stream).noneMatch(Parity.Result::ran);
        byType.forEach((type, results) -> row(kernel, backend, type, results));
    }

    private void row(Kernel<?> kernel, Backend backend, String type, List<Parity.Result> all) {
        List<Parity.Result> ran = all.stream().filter(Parity.Result::ran).toList();
        List<Parity.Result> failed = ran.stream().filter(r -> r.failure() != null).toList();
        Parity.Result worst = null;
        for (Parity.Result r : failed.isEmpty() ? ran : failed) if (worst == null || part(r) > part(worst)) worst = r;
        String verdict = ran.isEmpty() ? "takes no case" : failed.isEmpty() ? "passes" : "FAILS in " + failed.size();
        table.row(Op.name(kernel.op()), backend.kind(), kernel.name(), type, ran.size(), all.size() - ran.size(),
                worst == null ? null : worst.error(),
                worst == null ? null : worst.allowed(), worst == null ? null : worst.name(), verdict);
        if (!model) progress.println(kernel.name() + " " + type + ": " + verdict);
        failures.addAll(failed);
    }

    private static double part(Parity.Result r) { return r.error() == 0 ? 0 : r.error() / r.allowed(); }
}
