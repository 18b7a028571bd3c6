package dev.faithdiff.jmh;

import org.openjdk.jmh.annotations.Param;

/** Each of the {@link Blocks}. */
public class BlockBench extends Timed {
    @Param("resnet-320-64x64") public String name;

    @Override protected Workload make() { return Blocks.ALL.get(name).apply(BenchTarget.CPU); }
}
