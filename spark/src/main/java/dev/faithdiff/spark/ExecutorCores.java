package dev.faithdiff.spark;

import org.apache.spark.SparkEnv;

/** The cores that Spark gave to an executor, which need not be all of its machine. */
final class ExecutorCores {
    private static final String THREADS = "faithdiff.threads", CORES = "spark.executor.cores";

    private ExecutorCores() {}

    /** Lets the CPU's kernels use no others. To be called before the first of them runs. */
    static void use() {
        String cores = SparkEnv.get().conf().get(CORES, null);
        if (cores != null && System.getProperty(THREADS) == null) System.setProperty(THREADS, cores);
    }
}
