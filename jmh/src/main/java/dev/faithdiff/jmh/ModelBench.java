package dev.faithdiff.jmh;

import org.openjdk.jmh.annotations.Param;

/** Each of the {@link Models}. */
public class ModelBench extends Timed {
    @Param("restore-mini-512") public String name;

    @Override protected Workload make() { return Models.ALL.get(name).apply(BenchTarget.CPU); }
}
