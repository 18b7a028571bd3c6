package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A kernel of our own: one source {@code /cuda/NAME.cu}, compiled once for each combination of element types. In the source they are named
 * {@code T0}, {@code T1}, ... for the operands and {@code TO} for the result, as {@link dev.faithdiff.tensor.DType} names them:
 * {@code -DT0=F16}.
 */
public abstract class CudaKernel<O extends Op> implements Kernel<O> {
    private record Variant(KernelEntry.Target device, String entry, long types) {}

    private final String source;
    private final Map<Variant, KernelEntry> entries = new ConcurrentHashMap<>();

    /** @param source name of the source without its ending */
    protected CudaKernel(String source) { this.source = source; }

    /** The name of its source. */
    public final String source() { return source; }

    /** A launch of an entry for the types of these tensors; its arguments follow in the order of the entry's parameters. */
    public final Launch launch(Tensor[] in, Tensor out, String entry) {
        KernelEntry.Target device = (KernelEntry.Target) out.device();
        long types = out.dtype().ordinal() + 1;
        for (Tensor t : in) types = types * 16 + t.dtype().ordinal() + 1;
        if (in.length > 15) throw new CudaError(name() + " has " + in.length + " operands, at most 15 can be typed");
        Variant variant = new Variant(device, entry, types);
        KernelEntry compiled = entries.get(variant);
        if (compiled == null) {
            compiled = device.entry(source, entry, defines(in, out));
            entries.put(variant, compiled);
        }
        return device.launch().of(compiled);
    }

    /** Runs an elementwise entry (KERNEL_ELEMENTWISE in prelude.cuh) with its two constants. */
    protected final void elementwise(Tensor[] in, Tensor out, String entry, float a, float b) {
        Launch launch = launch(in, out, entry).grid(Grid.blocks(Grid.runs(out.count(), out.dtype())));
        for (Tensor t : in) launch.arg(t);
        launch.arg(out).arg(out.count()).arg(a).arg(b).run();
    }

    static List<String> defines(Tensor[] in, Tensor out) {
        List<String> defines = new ArrayList<>();
        for (int i = 0; i < in.length; i++) defines.add("-DT" + i + "=" + in[i].dtype().name());
        defines.add("-DTO=" + out.dtype().name());
        return defines;
    }
}
