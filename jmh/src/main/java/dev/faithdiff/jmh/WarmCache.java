package dev.faithdiff.jmh;

import dev.faithdiff.kernels.CudaBackend;
import dev.faithdiff.kernels.cuda.CompilingDevice;
import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.op.F8PlanKernel;
import dev.faithdiff.kernels.lab.Bench;
import dev.faithdiff.kernels.lab.Case;
import dev.faithdiff.kernels.lab.Cases;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.NormedOp;
import java.io.IOException;
import java.nio.file.Path;

/** Compiles our CUDA kernels for all types of the laboratory's cases, for the bundle of {@code gpu/bundle}. */
final class WarmCache {
    private WarmCache() {}

    /** @param arguments a folder, and an architecture such as {@code sm_90a} */
    public static void main(String[] arguments) throws IOException {
        CompilingDevice device = CompilingDevice.open(Path.of(arguments[0]), arguments[1]);
        if (device == null) {
            System.out.println("no NVRTC was found: no kernels are compiled ahead");
            return;
        }
        for (Kernel<?> k : new CudaBackend().kernels()) {
            if (!(k instanceof CudaKernel<?>) && k.op() != NormedOp.class) continue;
            for (Case c : Cases.all()) if (c.op().getClass() == k.op() && Bench.refusal(k, c, device) == null) compile(k, c, device);
        }
        System.out.println(device.done());
    }

    private static void compile(Kernel<?> kernel, Case c, CompilingDevice device) {
        try {
            device.compile(kernel, c.op(), c.outline(device));
        } catch (ClassCastException | OpError e) {
            // It goes on with a library or with another op, which only a GPU has.
        }
    }
}
