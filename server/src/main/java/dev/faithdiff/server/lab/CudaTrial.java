package dev.faithdiff.server.lab;

import dev.faithdiff.kernels.CudaBackend;
import dev.faithdiff.kernels.cuda.CompilingDevice;
import dev.faithdiff.kernels.cuda.CudaError;
import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.lab.Bench;
import dev.faithdiff.kernels.lab.Case;
import dev.faithdiff.kernels.lab.Cases;
import dev.faithdiff.kernels.lab.Parity;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.op.Kernel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tries an edited CUDA source in the place of the built-in one of its name. On a GPU its kernels are checked and timed; without one they are only
 * compiled, where NVIDIA's compiler is found.
 */
final class CudaTrial {
    private static final String ARCHITECTURE = "sm_90a";
    private static final Pattern ERROR = Pattern.compile("\\.cu\\((\\d+)\\): error:? ?(.*)");
    private static final int MILLIS = 120, MOST = 20;

    private CudaTrial() {}

    static void run(String file, Path source, TrialProcess.Findings findings) throws Exception {
        System.setProperty("faithdiff.cuda.sources", source.getParent().toString());
        String name = file.replaceFirst("\\.cuh?$", "");
        List<Kernel<?>> own = new CudaBackend().kernels().stream()
                .<Kernel<?>>filter(k -> k instanceof CudaKernel<?> c && c.source().equals(name)).toList();
        if (own.isEmpty()) {
            verdict(findings, "rejected", "no kernel uses " + file);
            return;
        }
        CudaBackend backend = new CudaBackend();
        if (backend.unavailable() == null) onGpu(own, backend.open(0), findings);
        else compileOnly(own, source.getParent(), backend.unavailable(), findings);
    }

    private static void compileOnly(List<Kernel<?>> own, Path folder, String why, TrialProcess.Findings findings) throws Exception {
        CompilingDevice device = CompilingDevice.open(folder.resolve("compiled"), ARCHITECTURE);
        if (device == null) {
            verdict(findings, "not tried", "there is no GPU (" + why + "), and no NVRTC to compile with");
            return;
        }
        int done = 0;
        for (Kernel<?> k : own) {
            for (Case c : Cases.parity(k.op())) {
                if (Bench.refusal(k, c, device) != null || done >= MOST) continue;
                findings.found("begun", Map.of("work", "compiling for " + c.name()));
                try {
                    device.compile(k, c.op(), c.outline(device));
                    done++;
                } catch (CudaError e) {
                    if (!isRejected(e, findings)) throw e;
                    return;
                } catch (ClassCastException | OpError e) {
                    // It goes on with a library or another op, which only a GPU has.
                }
            }
        }
        findings.found("compile", Map.of("kernel", device.done(), "errors", List.of()));
        verdict(findings, "compiles", device.done() + "; there is no GPU to check and time them: " + why);
    }

    private static boolean isRejected(RuntimeException e, TrialProcess.Findings findings) {
        List<CompiledKernel.Fault> faults = new ArrayList<>();
        Matcher m = ERROR.matcher(String.valueOf(e.getMessage()));
        while (m.find()) faults.add(new CompiledKernel.Fault(Long.parseLong(m.group(1)), 0, m.group(2)));
        if (faults.isEmpty()) return false;
        findings.found("compile", Map.of("errors", faults));
        verdict(findings, "rejected", "it does not compile: " + faults.getFirst().message());
        return true;
    }

    private static void onGpu(List<Kernel<?>> own, Device device, TrialProcess.Findings findings) {
        int cases = 0, failed = 0;
        List<String> failures = new ArrayList<>();
        for (Kernel<?> k : own) {
            for (Case c : Cases.parity(k.op())) {
                findings.found("begun", Map.of("work", "parity, " + c.name()));
                Parity.Result r = Parity.run(k, c, device);
                if (!r.ran()) continue;
                cases++;
                if (r.failure() != null) failed++;
                if (r.failure() != null && failures.size() < 8) failures.add(r.toString());
            }
        }
        findings.found("parity", Map.of("cases", cases, "refused", 0, "failed", failed, "failures", failures));
        if (failed > 0) {
            verdict(findings, "wrong", failures.getFirst());
            return;
        }
        for (Kernel<?> k : own) {
            for (Case c : Cases.model(k.op()).stream().limit(2).toList()) {
                if (Bench.refusal(k, c, device) != null) continue;
                List<Map<String, Object>> times = Bench.run(c, device, Bench.takers(c, device), MILLIS).stream().<Map<String, Object>>map(t -> Map.of(
                        "kernel", t.kernel(), "millis", t.nanos() / 1e6, "low", t.low() / 1e6, "high", t.high() / 1e6,
                        "gflops", c.flops() / t.nanos(), "gbytes", c.bytes() / t.nanos())).toList();
                findings.found("time", Map.of("case", c.name(), "flops", c.flops(), "bytes", c.bytes(), "kernels", times));
            }
        }
        verdict(findings, "right", cases + " cases agree with the references");
    }

    private static void verdict(TrialProcess.Findings findings, String what, String why) {
        findings.found("verdict", Map.of("verdict", what, "why", why));
    }
}
