package dev.faithdiff.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.kernels.CudaBackend;
import dev.faithdiff.kernels.lab.Case;
import dev.faithdiff.kernels.lab.Cases;
import dev.faithdiff.kernels.lab.Parity;
import dev.faithdiff.kernels.lab.Table;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Kernel;
import java.io.IOException;
import java.nio.file.Path;

/** Run by {@link StandInTest} in a separate JVM: the kernels that need cuBLAS or cuDNN, over every small case. */
final class StandInLibraries {
    private StandInLibraries() {}

    static boolean needsLibraries(Kernel<?> k) { return k.name().contains("Cublas") || k.name().contains("Cudnn"); }

    /** @param arguments an empty folder */
    public static void main(String[] arguments) throws IOException {
        Device device = StandIn.open(Path.of(arguments[0]));
        for (Kernel<?> k : new CudaBackend().kernels()) if (needsLibraries(k)) check(k, device);
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
