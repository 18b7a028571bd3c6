package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.Tensor;
import java.util.List;

/** Adds one value for each last-axis element to a result in place, for library calls that do not do it themselves. */
final class Bias {
    private Bias() {}

    static void add(Tensor out, Tensor bias) {
        CudaDevice device = (CudaDevice) out.device();
        List<String> defines = List.of("-DT0=" + out.dtype().name(), "-DT1=" + bias.dtype().name());
        int run = 16 / out.dtype().bytes();
        device.launch(device.modules().function("bias", "bias", defines), "bias.bias")
                .grid((out.count() + 256L * run - 1) / (256L * run)).block(256)
                .arg(out).arg(bias).arg(out.count()).arg(bias.size(0)).run();
    }
}
