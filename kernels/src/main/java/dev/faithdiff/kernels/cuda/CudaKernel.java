package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import jcuda.driver.CUfunction;

/**
 * A kernel of our own: one source {@code /cuda/NAME.cu}, compiled once for each combination of element types. The source sees them as
 * {@code T0}, {@code T1}, ... for the operands and {@code TO} for the result, under the names of {@link dev.faithdiff.tensor.DType}: {@code -DT0=F16}.
 */
abstract class CudaKernel<O extends Op> implements Kernel<O> {
    private record Variant(CudaDevice device, String entry, long types) {}

    private final String source;
    private final Map<Variant, CUfunction> functions = new ConcurrentHashMap<>();

    /** @param source name of the source without its ending */
    protected CudaKernel(String source) { this.source = source; }

    /** A launch of an entry for the types of these tensors; its arguments follow in the order of the entry's parameters. */
    protected final Launch launch(Tensor[] in, Tensor out, String entry) {
        CudaDevice device = (CudaDevice) out.device();
        long types = out.dtype().ordinal() + 1;
        for (Tensor t : in) types = types * 16 + t.dtype().ordinal() + 1;
        if (in.length > 15) throw new CudaError(name() + " has " + in.length + " operands, at most 15 can be typed");
        Variant variant = new Variant(device, entry, types);
        CUfunction function = functions.get(variant);
        if (function == null) {
            function = device.modules().function(source, entry, defines(in, out));
            functions.put(variant, function);
        }
        return device.launch(function, source + "." + entry);
    }

    static List<String> defines(Tensor[] in, Tensor out) {
        List<String> defines = new ArrayList<>();
        for (int i = 0; i < in.length; i++) defines.add("-DT" + i + "=" + in[i].dtype().name());
        defines.add("-DTO=" + out.dtype().name());
        return defines;
    }
}
