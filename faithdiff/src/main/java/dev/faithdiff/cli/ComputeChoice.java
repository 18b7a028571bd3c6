package dev.faithdiff.cli;

import dev.faithdiff.cli.DeviceChoice.Chosen;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Compute.NumberType;
import dev.faithdiff.restore.Offload;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Engine;
import java.util.function.Consumer;
import java.util.function.Supplier;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that say where a restorer computes, and how. */
public final class ComputeChoice {
    @Spec(Spec.Target.MIXEE) private CommandSpec spec;

    @Mixin private DeviceChoice device;

    @Option(names = {"--precision", "--dtype"}, paramLabel = "NAME", description = "The type in which networks compute: "
            + "${COMPLETION-CANDIDATES}. A GPU takes f16 (default), bf16 and f32, with sums in f32, and f8: f16 "
            + "with linear layers in 8 bits where that is faster. The CPU takes f32 (default), bf16: "
            + "f32 with rounded factors of products, faster where the processor has AVX512-BF16, int8: f32 with linear layers in bytes, faster "
            + "where it has VNNI, and int8-weights: f32 with weights of large networks in bytes.")
    private NumberType precision;

    @Option(names = "--exact", description = "The same bytes on every x86-64 processor: on the CPU, with tiles that do not depend on the free "
            + "memory. Without it only large results differ, and those of a GPU.")
    private boolean exact;

    @Option(names = "--offload", paramLabel = "NAME", description = "Which weights leave the GPU's memory while they are not needed: "
            + "${COMPLETION-CANDIDATES}. stages: whole networks. blocks: also parts of the U-Net, in each step. auto: as few as the memory allows.")
    private Offload offload = Offload.AUTO;

    /** Does work as exactly as was asked. */
    public <T> T work(Supplier<T> work) { return exact ? Engine.exactly(work) : work.get(); }

    /** Opens the device. @param warn gets what its owner should know. @throws ParameterException if the options do not fit together */
    public Chosen device(Consumer<String> warn) {
        if (exact && !device.mayBeCpu()) throw usage("--exact is for the CPU; results of a GPU are not the same bytes");
        if (exact && precision == NumberType.BF16) throw usage("--exact takes f32 and int8; processors may add products of bf16 differently");
        if (exact) return new Chosen(Device.CPU, null);
        return device.open(precision == null ? DType.F16 : precision.activations(), warn);
    }

    /** How a model computes on a device. @throws ParameterException if the device cannot compute so */
    public Compute on(Device on, ModelChoice model) {
        try {
            return new Compute(on, DeviceChoice.precision(precision, on), offload, model.loras(), exact);
        } catch (IllegalArgumentException e) {
            throw usage(e.getMessage());
        }
    }

    private ParameterException usage(String message) { return new ParameterException(spec.commandLine(), message); }
}
