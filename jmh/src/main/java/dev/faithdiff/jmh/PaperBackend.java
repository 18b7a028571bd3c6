package dev.faithdiff.jmh;

import dev.faithdiff.kernels.CudaBackend;
import dev.faithdiff.tensor.CountingDevice;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Backend;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;
import java.util.List;

/**
 * A GPU on paper: the engine picks among the CUDA kernels as it would there with all libraries present, and nothing is computed. What an observer
 * sees is the list of what would run.
 */
public final class PaperBackend implements Backend {
    static final String KIND = "paper";

    private static final Device DEVICE = new CountingDevice(KIND);
    private static final List<Kernel<?>> KERNELS = new CudaBackend().kernels().stream().<Kernel<?>>map(OnPaper::new).toList();

    private record OnPaper<O extends Op>(Kernel<O> kernel) implements Kernel<O> {
        @Override public String name() { return kernel.name(); }

        @Override public Class<O> op() { return kernel.op(); }

        @Override public DType rounds() { return kernel.rounds(); }

        @Override public String refuses(O op, Tensor[] in) { return kernel.refuses(op, in); }

        @Override public void run(O op, Tensor[] in, Tensor out) {}
    }

    @Override public String kind() { return KIND; }

    @Override public String unavailable() { return "it computes nothing; 'bench --estimate' uses it"; }

    @Override public int count() { return 1; }

    @Override public Device open(int index) { return DEVICE; }

    @Override public String describe(int index) { return "computes nothing"; }

    @Override public List<Kernel<?>> kernels() { return KERNELS; }
}
