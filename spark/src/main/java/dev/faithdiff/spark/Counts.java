package dev.faithdiff.spark;

import java.io.Serializable;
import org.apache.spark.SparkContext;
import org.apache.spark.util.LongAccumulator;

/** What became of the photos, in sums that Spark's page shows while the job runs. Spark counts each partition once, however often it was tried. */
record Counts(LongAccumulator done, LongAccumulator failed, LongAccumulator pixels, LongAccumulator millis, LongAccumulator tries)
        implements Serializable {
    static Counts of(SparkContext spark) {
        return new Counts(spark.longAccumulator("photos restored"), spark.longAccumulator("photos failed"), spark.longAccumulator("pixels restored"),
                spark.longAccumulator("milliseconds of restoring"), spark.longAccumulator("file operations tried again"));
    }
}
