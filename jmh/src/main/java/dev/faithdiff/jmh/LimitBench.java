package dev.faithdiff.jmh;

import dev.faithdiff.kernels.cpu.Limits;
import dev.faithdiff.tensor.Tensor;
import org.openjdk.jmh.annotations.Param;

/** The most that the machine can do: multiply-adds, or copying. */
public class LimitBench extends Timed {
    @Param({"multiply-adds", "copy"}) public String name;

    @Override protected Workload make() {
        Workload work = new Workload();
        if (name.equals("multiply-adds")) return work.repeat(Limits::multiplyAdds);
        Tensor[] pair = work.tensors(() -> new Tensor[] {Limits.copied(), Limits.copied()});
        return work.repeat(() -> Limits.copy(pair[0], pair[1]));
    }

    /** Operations or bytes of one run. */
    static long amount(String name) throws Exception {
        LimitBench bench = new LimitBench();
        bench.name = name;
        try (Workload work = bench.make()) {
            return (long) work.run();
        }
    }
}
