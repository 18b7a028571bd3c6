package dev.faithdiff.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.kernels.CudaBackend;
import dev.faithdiff.kernels.cuda.op.PlanKernel;
import dev.faithdiff.kernels.lab.Bench;
import dev.faithdiff.kernels.lab.Case;
import dev.faithdiff.kernels.lab.Cases;
import dev.faithdiff.kernels.lab.Parity;
import dev.faithdiff.kernels.lab.Table;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Kernel;
import java.io.IOException;
import java.nio.file.Path;

/** Run by {@link StandInTest} in a separate JVM: the kernels that need cuBLAS or cuDNN, or those that need a newer cuDNN, over every small case. */
final class StandInLibraries {
    private StandInLibraries() {}

    static boolean needsLibraries(Kernel<?> k) { return k.name().contains("Cublas") || k.name().contains("Cudnn"); }

    /** @param arguments an empty folder, and {@code plans} for the kernels that run plans */
    public static void main(String[] arguments) throws IOException {
        Device device = StandIn.open(Path.of(arguments[0]));
        boolean plans = arguments.length > 1;
        for (Kernel<?> k : new CudaBackend().kernels()) {
            if (!needsLibraries(k)) continue;
            if (k instanceof PlanKernel<?> == plans) check(k, device);
            else if (!plans) refuses(k, device);
        }
    }

    /** An older cuDNN. */
    private static void refuses(Kernel<?> kernel, Device device) {
        assertThat(Cases.parity(kernel.op()).stream().map(c -> Bench.refusal(kernel, c, device))).as(kernel.name()).doesNotContainNull()
                .contains("needs cuDNN 9.13, this is 9.5.1");
    }

    private static void check(Kernel<?> kernel, Device device) {
        int ran = 0;
        double worst = 0;
        for (Case c : Cases.parity(kernel.op())) {
            Parity.Result r = Parity.run(kernel, c, device);
            assertThat(r.failure()).as(r.toString()).isNull();
            if (r.ran()) ran++;
            if (r.error() > 0) worst = Math.max(worst, r.error() / r.allowed());
        }
        System.out.println(kernel.name() + ": " + ran + " cases, at the worst " + Table.number(worst) + " of what is allowed");
        assertThat(ran).as(kernel.name()).isPositive();
    }
}
