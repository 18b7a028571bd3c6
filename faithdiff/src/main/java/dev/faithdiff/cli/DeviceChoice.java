package dev.faithdiff.cli;

import dev.faithdiff.kernels.cuda.CudaError;
import dev.faithdiff.kernels.lab.Probe;
import dev.faithdiff.restore.Compute.NumberType;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Backend;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** The option that says where to compute. */
public final class DeviceChoice {
    @Option(names = "--device", paramLabel = "NAME", description = "Where to compute: cpu, cuda, cuda:N, or auto. auto: the first GPU if it works "
            + "(driver, libraries and kernels), else the CPU; the last line of output says which, and why with --verbose.")
    private String name = "auto";

    /** A device. @param why the reason why auto chose it; null: it was asked for by name */
    public record Chosen(Device device, String why) {
        /** The end of a summary: the reason, if there is one. */
        public String ending() { return why == null ? "" : "; auto: " + why; }
    }

    /**
     * Opens the device.
     *
     * @param dtype   the type in which a GPU would compute
     * @param remarks gets what the owner of a GPU should know before the work begins
     */
    public Chosen open(DType dtype, Consumer<String> remarks) {
        return name.equals("auto") ? auto(Backend.of("cuda"), dtype, remarks) : new Chosen(Backend.device(name), null);
    }

    /** The type to compute in; by default F32 on the CPU and F16 on a GPU. @throws IllegalArgumentException if it is not for the device */
    public static NumberType precision(NumberType asked, Device on) {
        boolean isCpu = on == Device.CPU;
        if (asked == null) return isCpu ? NumberType.F32 : NumberType.F16;
        boolean forCpu = asked != NumberType.F16 && asked != NumberType.F8, forGpu = !asked.isBytes();
        if (isCpu ? forCpu : forGpu) return asked;
        String others = isCpu ? " is for a GPU; the CPU takes f32, bf16, int8 and int8-weights"
                : " is for the CPU; a GPU takes f16, bf16, f32 and f8";
        throw new IllegalArgumentException("--precision " + asked + others);
    }

    /** True unless a GPU was asked for. */
    boolean mayBeCpu() { return name.equals("auto") || name.equals("cpu"); }

    /** The first GPU if its kernels agree with their references, else the CPU. Never fails. */
    private static Chosen auto(Backend gpus, DType dtype, Consumer<String> remarks) {
        if (gpus == null) return new Chosen(Device.CPU, "this build has no backend 'cuda'");
        String reason;
        try {
            reason = gpus.unavailable();
            Device gpu = reason == null ? gpus.open(0) : null;
            if (gpu != null) reason = Probe.failure(gpu, dtype);
            if (reason == null) {
                remarks.accept("computes on " + gpus.describe(0));
                return new Chosen(gpu, "a GPU is here, and each kernel agrees with its reference on a small case");
            }
        } catch (RuntimeException | LinkageError | OutOfMemoryError e) {
            reason = String.valueOf(e.getMessage());
        }
        reason = reason.replaceAll("\\s*\\R\\s*", " ");
        if (gpus.count() > 0) remarks.accept("computes on the CPU, not on a GPU: " + reason);
        return new Chosen(Device.CPU, reason);
    }

    /** Whether a failure is a device's, which will fail at other work, too. */
    public static boolean isBroken(Throwable e) { return e instanceof CudaError; }

    /** What the user can do about a full memory or an error of a GPU; empty for other errors. */
    static String advice(Throwable e) {
        if (e instanceof CudaError) return "; --device cpu computes without the GPU";
        if (!(e instanceof OutOfMemoryError)) return "";
        String said = String.valueOf(e.getMessage());
        if (said.startsWith("out of memory on cuda")) return "; --offload blocks needs less of the GPU's memory, and --device cpu needs none";
        return said.startsWith("out of memory") ? "" : "; use a smaller image or scale";
    }
}
