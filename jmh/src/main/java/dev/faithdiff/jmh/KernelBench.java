package dev.faithdiff.jmh;

import dev.faithdiff.kernels.lab.Bench;
import dev.faithdiff.kernels.lab.Case;
import dev.faithdiff.kernels.lab.Cases;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import org.openjdk.jmh.annotations.Param;

/** Each kernel on each of the laboratory's cases of real models; {@link Main} pairs them. */
public class KernelBench extends Timed {
    @Param("AffineOp/latent") public String name;
    @Param("AffineVector") public String kernel;

    @Override protected Workload make() {
        Case c = find(name);
        Kernel<?> chosen = Bench.takers(c, Device.CPU).stream().filter(k -> k.name().equals(kernel)).findFirst().orElseThrow();
        Workload work = new Workload();
        Tensor[] in = work.tensors(() -> c.draw(Device.CPU));
        return work.repeat(() -> Bench.result(chosen, c.op(), in));
    }

    /** The case of a name. */
    public static Case find(String name) { return Cases.all().stream().filter(c -> c.model() && c.name().equals(name)).findFirst().orElseThrow(); }
}
