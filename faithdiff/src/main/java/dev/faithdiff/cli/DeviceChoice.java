package dev.faithdiff.cli;

import dev.faithdiff.kernels.cuda.CudaError;
import dev.faithdiff.kernels.lab.Probe;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Backend;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** The option that says where to compute, and what {@code auto} makes of it. */
final class DeviceChoice {
    @Option(names = "--device", paramLabel = "NAME", description = "cpu, cuda, cuda:N, or auto: the first GPU if driver, libraries and kernels work, "
            + "else the CPU. The last line says which.")
    private String name = "auto";

    /** A device, and why it was taken; null: it was asked for. */
    record Chosen(Device device, String why) {
        /** What a report ends with. */
        String ending() { return why == null ? "" : "; auto: " + why; }
    }

    /**
     * @param dtype   what a GPU would compute in
     * @param remarks hears what somebody who has a GPU should know before the work begins
     */
    Chosen open(DType dtype, Consumer<String> remarks) {
        return name.equals("auto") ? auto(Backend.of("cuda"), dtype, remarks) : new Chosen(Backend.device(name), null);
    }

    /** The first GPU if it computes each op as its reference does, else the CPU, whatever goes wrong. */
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

    /** What to do about an error that a GPU made; empty for others. */
    static String advice(Throwable e) {
        if (e instanceof CudaError) return "; --device cpu does without the GPU";
        boolean full = e instanceof OutOfMemoryError && String.valueOf(e.getMessage()).startsWith("out of memory on cuda");
        return full ? "; --offload blocks needs less of the GPU's memory, --device cpu none" : "";
    }
}
