package dev.faithdiff.kernels.lab;

import dev.faithdiff.kernels.cpu.Tuning;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.AttentionOp;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.LinearOp;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A process that times products, convolutions and attention of the U-Net and the VAE: sizes are fixed once a process has begun. */
public final class TuneTrial {
    private static final int MILLIS = 250;

    private TuneTrial() {}

    /** Prints the geometric mean of the cases' seconds. */
    public static void main(String[] args) {
        double logs = 0;
        List<Case> cases = cases();
        for (Case c : cases) {
            List<Kernel<?>> first = List.of(Bench.takers(c, Device.CPU).getFirst());
            logs += Math.log(Bench.run(c, Device.CPU, first, MILLIS).getFirst().nanos() / 1e9);
        }
        System.out.println(Math.exp(logs / cases.size()));
    }

    static List<Case> cases() {
        Stream<String> names = Stream.of("LinearOp/unet-1280", "LinearOp/geglu-in-256", "LinearOp/geglu-out-256", "Conv2dOp/unet-320",
                "Conv2dOp/unet-1280", "Conv2dOp/vae-512", "AttentionOp/unet-1024");
        List<Case> all = Stream.of(LinearOp.class, Conv2dOp.class, AttentionOp.class).flatMap(op -> Cases.model(op).stream()).toList();
        return names.map(n -> all.stream().filter(c -> c.name().equals(n)).findFirst().orElseThrow()).toList();
    }

    /** Runs such a process with the flags of this one. @throws IllegalStateException with its output if it fails */
    public static double run(Map<Tuning, Integer> percents) {
        try {
            Path file = Files.createTempFile("tuned", ".properties");
            try {
                Files.writeString(file, Tuning.text(percents));
                return run(file);
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private static double run(Path tuned) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-Dfaithdiff.tuned=" + tuned, "-cp", System.getProperty("java.class.path"), TuneTrial.class.getName()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        List<String> lines = process.inputReader().readAllLines();
        if (process.waitFor() != 0) throw new IllegalStateException("the measuring process failed: " + String.join(" ", lines));
        return Double.parseDouble(lines.getLast());
    }
}
