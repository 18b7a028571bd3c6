package dev.faithdiff.kernels;

import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Tuning;
import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.attention.*;
import dev.faithdiff.kernels.cpu.conv.*;
import dev.faithdiff.kernels.cpu.elementwise.*;
import dev.faithdiff.kernels.cpu.emit.CpuFeature;
import dev.faithdiff.kernels.cpu.gemm.*;
import dev.faithdiff.kernels.cpu.move.*;
import dev.faithdiff.kernels.cpu.norm.*;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Backend;
import dev.faithdiff.tensor.op.Kernel;
import java.lang.management.ManagementFactory;
import java.util.List;

/** The host processor and the table of its kernels. */
public final class CpuBackend implements Backend {
    private static final List<Kernel<?>> KERNELS = List.of(
            new LinearPacked(), new LinearBf16(), new LinearInt8(), new QuantizedLinearPacked(), new QuantizedLinearInt8(),
            new GroupedLinearEmitted(), new GroupedLinearVector(), new GroupedLinearPacked(), new GroupedLinearBf16(),
            new GroupedLinearInt8Emitted(), new GroupedLinearInt8Vector(),
            new MatmulPacked(), new MatmulBf16(),
            new Conv2dWinograd(), new Conv2dImplicitGemm(), new Conv2dWinogradBf16(), new Conv2dImplicitGemmBf16(),
            new Conv2dDepthwise(), new Conv2dGroups(), new UpsampleConv2dWinograd(), new UpsampleConv2dWinogradBf16(),
            new Conv2dInputGradWinograd(), new Conv2dInputGradPhases(), new Conv2dDepthwise.InputGrad(), new Conv2dGroups.InputGrad(),
            new Conv2dWeightGradWinograd(), new Conv2dWeightGradColumns(), new Conv2dGroups.WeightGrad(),
            new AttentionFew(), new AttentionOneEmitted(), new AttentionOneVector(),
            new AttentionFlash(), new AttentionBf16(), new AttentionGradFew(), new AttentionGradFlash(),
            new GroupNormEmitted(), new GroupNormVector(), new GroupNormGradVector(),
            new LayerNormEmitted(), new LayerNormVector(), new LayerNormGradVector(),
            new RmsNormEmitted(), new RmsNormVector(), new RmsNormGradVector(),
            new SoftmaxEmitted(), new SoftmaxVector(),
            new SoftmaxGradVector(),
            new UnaryEmitted(), new UnaryVector(), new UnaryGradVector(),
            new PreluEmitted(), new PreluVector(), new PreluGradVector(),
            new BinaryEmitted(), new BinaryVector(), new BinaryStrided(),
            new AffineEmitted(), new AffineVector(),
            new CastVector(),
            new ReduceEmitted(), new ReduceVector(),
            new GegluEmitted(), new GegluVector(), new GegluGradVector(),
            new RopeVector(),
            new SliceCopy(),
            new ConcatCopy(),
            new PermuteCopy(),
            new PadCopy(),
            new ResizeNearest(), new ResizeSeparable(), new ResizeNearestGrad(), new ResizeSeparableGrad(),
            new PoolVector(), new PoolGradVector(),
            new GatherCopy(), new GatherGradRows(),
            new AdamWVector(), new AdamWMomentsVector());

    @Override public String kind() { return "cpu"; }

    @Override public String unavailable() { return null; }

    @Override public int count() { return 1; }

    @Override public Device open(int index) { return Device.CPU; }

    @Override public String describe(int index) {
        return "cpu: " + Parallel.threads() + " threads, vectors of " + Vec.bits() + " bits, " + memory() + ", " + CpuFeature.line()
                + (Tuning.inUse().isEmpty() ? "" : ", tuned: " + Tuning.shown(Tuning.inUse()));
    }

    @Override public List<Kernel<?>> kernels() { return KERNELS; }

    private static String memory() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system
                ? (system.getTotalMemorySize() >> 20) + " MB of memory" : "memory unknown";
    }
}
