package dev.faithdiff.spark;

import java.util.List;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** What became of one photo: a row of the table that the job writes. */
final class PhotoRow {
    static final String DONE = "done", SKIPPED = "skipped", FAILED = "failed";

    /**
     * Run: the application's id. Seconds: of restoring and writing; null where another attempt of this run had written the result. Error: the reason
     * of a failure in one line. Remarks: sentences about what was repaired or lost. Executor and attempt: which task wrote the row.
     */
    static final StructType SCHEMA = new StructType().add("run", DataTypes.StringType).add("photo", DataTypes.StringType)
            .add("result", DataTypes.StringType).add("outcome", DataTypes.StringType).add("width", DataTypes.IntegerType)
            .add("height", DataTypes.IntegerType).add("outWidth", DataTypes.IntegerType).add("outHeight", DataTypes.IntegerType)
            .add("seconds", DataTypes.DoubleType).add("error", DataTypes.StringType)
            .add("remarks", DataTypes.createArrayType(DataTypes.StringType)).add("executor", DataTypes.StringType)
            .add("attempt", DataTypes.IntegerType);

    private final String run;
    private final PhotoTask photo;
    private Integer width, height, outWidth, outHeight;

    /** The row of one photo, of which more is known as it is restored. */
    PhotoRow(String run, PhotoTask photo) {
        this.run = run;
        this.photo = photo;
    }

    void size(int w, int h) {
        width = w;
        height = h;
    }

    void outSize(int w, int h) {
        outWidth = w;
        outHeight = h;
    }

    /** @param seconds null: not known. @param error null: none */
    Row row(String outcome, Double seconds, String error, List<String> remarks) {
        TaskContext task = TaskContext.get();
        return RowFactory.create(run, photo.in(), photo.out(), outcome, width, height, outWidth, outHeight, seconds, error,
                remarks.toArray(String[]::new), task == null ? null : SparkEnv.get().executorId(), task == null ? null : task.attemptNumber());
    }
}
