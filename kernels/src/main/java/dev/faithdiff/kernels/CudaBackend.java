package dev.faithdiff.kernels;

import dev.faithdiff.kernels.cuda.CudaDevice;
import dev.faithdiff.kernels.cuda.CudaLibraries;
import dev.faithdiff.kernels.cuda.op.*;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.op.Backend;
import dev.faithdiff.tensor.op.Kernel;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** NVIDIA GPUs and the table of their kernels. No class of JCuda is loaded before a device is requested. */
public final class CudaBackend implements Backend {
    /** Created at its first use. */
    private static final class Table {
        private static final List<Kernel<?>> KERNELS = List.of(
                new CudnnLinear(), new CublasLtLinear(), new CublasLinear(),
                new CudnnLinearAdd(), new CublasLtLinearAdd(), new CudnnLinearGeglu(),
                new CudnnMatmul(), new CublasMatmul(),
                new CudnnConv2dPlan(), new CudnnConv2dAdd(), new CudnnUpsampleConv2d(), new UpsamplePhasesCuda(),
                new CublasConv2d1x1(), new CudnnConv2d(), new CudnnConv2dInputGrad(), new CudnnConv2dWeightGrad(),
                new CudnnAttention(), new CudnnSelfAttention(),
                new CudnnLinearF8(), new CudnnLinearAddF8(), new CudnnLinearGegluF8(), new CudnnSelfAttentionF8(),
                new CudnnNormLinearF8(), new CudnnNormConv2dF8(), new RoundRowsCuda(),
                new AttentionFlashCuda(), new AttentionCublas(), new AttentionPlainCuda(), new AttentionGradCublas(),
                new GroupNormCuda(), new GroupNormGradCuda(),
                new LayerNormCuda(), new LayerNormGradCuda(),
                new RmsNormCuda(), new RmsNormGradCuda(),
                new SoftmaxCuda(), new SoftmaxGradCuda(),
                new UnaryCuda(), new UnaryGradCuda(),
                new PreluCuda(), new PreluGradCuda(),
                new BinaryCuda(),
                new AffineCuda(),
                new CastCuda(),
                new ReduceCuda(),
                new GegluCuda(), new GegluGradCuda(),
                new SliceCuda(),
                new ConcatCuda(), new AdamWCuda(), new AdamWCuda.Moments(),
                new PermuteCuda(),
                new PadCuda(),
                new ResizeNearestCuda(), new ResizeNearestGradCuda(), new ResizeCuda(), new ResizeGradCuda(),
                new PoolCuda(), new PoolCuda.Grad(),
                new GatherCuda(), new GatherGradCuda());
    }

    private final Map<Integer, CudaDevice> devices = new TreeMap<>();

    @Override public String kind() { return "cuda"; }

    @Override public String unavailable() { return CudaLibraries.found().missing(); }

    @Override public int count() { return CudaLibraries.found().devices(); }

    @Override public synchronized Device open(int index) {
        if (unavailable() != null) throw new OpError("device 'cuda:" + index + "' is not available: " + unavailable());
        if (index < 0 || index >= count()) throw new OpError("device 'cuda:" + index + "' does not exist: this machine has " + count());
        return devices.computeIfAbsent(index, CudaDevice::new);
    }

    @Override public String describe(int index) {
        CudaDevice d = (CudaDevice) open(index);
        return d.name() + ": " + d.model() + ", compute capability " + d.capability() / 10 + "." + d.capability() % 10 + ", "
                + (d.totalBytes() >> 20) + " MB of memory; " + CudaLibraries.found().sentence();
    }

    @Override public List<Kernel<?>> kernels() { return Table.KERNELS; }
}
