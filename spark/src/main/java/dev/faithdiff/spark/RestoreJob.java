package dev.faithdiff.spark;

import dev.faithdiff.cli.Main;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/**
 * Restores the photos of a folder or a list on the executors of a Spark application (docs/cluster.md): the class for {@code spark-submit}. Results
 * have the bytes that {@code faithdiff restore} writes. Exit code: 0 if the job ran to its end, whatever became of single photos; 2 for wrong usage.
 */
public final class RestoreJob {
    private static final int SHARES_EACH = 16, HEADS_EACH = 4;
    /** What a photo costs beside its pixels, in pixels. */
    private static final int LEAST = 64 * 64;
    private static final String TABLE = "_photos", UNFINISHED = "_unfinished";

    /** How many photos were restored, were there already, and failed. @param skipped without looking at them */
    public record Sums(long done, long skipped, long failed) {
        @Override public String toString() { return done + " restored, " + skipped + " already there, " + failed + " failed"; }
    }

    private final SparkSession spark;
    private final JavaSparkContext context;
    private final List<String> arguments;
    private final RestoreOptions options;
    private final HadoopFiles files;

    private RestoreJob(SparkSession spark, List<String> given, RestoreOptions options) {
        this.spark = spark;
        this.options = options;
        context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        arguments = options.elsewhere(given);
        files = new HadoopFiles(context.hadoopConfiguration());
    }

    public static void main(String[] args) {
        RestoreOptions options = new RestoreOptions();
        CommandLine line = Main.reader(options);
        try {
            if (line.parseArgs(args).isUsageHelpRequested()) {
                line.usage(System.out);
                return;
            }
        } catch (ParameterException e) {
            exit(e.getMessage(), 2);
        }
        try (SparkSession spark = SparkSession.builder().appName("FaithDiff: restore " + options.in).getOrCreate()) {
            System.out.println(run(spark, args));
        } catch (ParameterException | IllegalArgumentException e) {
            exit(e.getMessage(), 2);
        } catch (IOException e) {
            exit(e.toString(), 1);
        }
    }

    private static void exit(String why, int code) {
        System.err.println("faithdiff: " + why);
        System.exit(code);
    }

    /**
     * Runs the job in a session.
     *
     * @throws ParameterException       in one line for wrong usage, and so
     * @throws IllegalArgumentException
     * @throws IOException              if the photos cannot be listed
     */
    public static Sums run(SparkSession spark, String... args) throws IOException {
        List<String> given = List.copyOf(Arrays.asList(args));
        RestoreOptions options = RestoreOptions.of(given);
        options.check();
        try {
            return new RestoreJob(spark, given, options).run();
        } finally {
            if (spark.sparkContext().isLocal()) OpenModel.closeAll();
        }
    }

    private Sums run() throws IOException {
        String run = context.sc().applicationId();
        Path out = files.qualified(options.out), unfinished = HadoopFiles.below(out, UNFINISHED + "/" + run);
        PhotoSearch search = new PhotoSearch(options, files, out);
        List<PhotoTask> all = search.tasks(spark), open = all;
        if (!options.rules().overwrite()) {
            Set<String> done = search.done();
            open = all.stream().filter(p -> !done.contains(p.out())).toList();
        }
        Counts counts = Counts.of(context.sc());
        FileSystem system = files.system(out);
        system.mkdirs(unfinished);
        try {
            JavaRDD<Row> rows = context.parallelize(skipped(run, all, open), 1).union(restored(run, open, unfinished.toString(), counts));
            spark.createDataFrame(rows, PhotoRow.SCHEMA).write().mode(SaveMode.Append).format(options.tableFormat.toString())
                    .save(options.table == null ? HadoopFiles.below(out, TABLE).toString() : options.table);
        } finally {
            system.delete(unfinished, true);
            if (system.listStatus(unfinished.getParent()).length == 0) system.delete(unfinished.getParent(), false);
        }
        return new Sums(counts.done().sum(), all.size() - open.size(), counts.failed().sum());
    }

    private static List<Row> skipped(String run, List<PhotoTask> all, List<PhotoTask> open) {
        List<PhotoTask> there = new ArrayList<>(all);
        there.removeAll(Set.copyOf(open));
        return there.stream().map(p -> new PhotoRow(run, p).row(PhotoRow.SKIPPED, null, null, List.of())).toList();
    }

    private JavaRDD<Row> restored(String run, List<PhotoTask> open, String unfinished, Counts counts) {
        if (open.isEmpty()) return context.emptyRDD();
        Broadcast<SerializableConfiguration> hadoop = context.broadcast(new SerializableConfiguration(files.configuration()));
        int slots = Math.max(1, context.defaultParallelism());
        int most = options.partitions > 0 ? options.partitions : SHARES_EACH * slots;
        List<List<PhotoTask>> shares = Shares.of(open, costs(open, hadoop, HEADS_EACH * slots), most);
        System.out.printf(Locale.ROOT, "%d photos to restore in %d shares%n", open.size(), shares.size());
        // Each slice of so many is one share.
        return context.parallelize(shares, shares.size()).mapPartitions(new PhotoRestoring(arguments, run, unfinished, hadoop, counts));
    }

    /** What each photo costs, in pixels; where results of one size are asked for, all cost the same. */
    private double[] costs(List<PhotoTask> open, Broadcast<SerializableConfiguration> hadoop, int tasks) {
        double[] costs = new double[open.size()];
        Arrays.fill(costs, 1);
        if (!options.flags.scales()) return costs;
        Heads heads = new Heads(hadoop);
        List<Long> pixels = context.parallelize(open, Math.min(tasks, open.size())).map(heads::pixels).collect();
        for (int i = 0; i < costs.length; i++) costs[i] = LEAST + Math.max(0, pixels.get(i));
        return costs;
    }

    /** Reads heads of photos on executors. */
    private record Heads(Broadcast<SerializableConfiguration> hadoop) implements Serializable {
        long pixels(PhotoTask photo) { return new HadoopFiles(hadoop.value().value()).pixels(photo.in()); }
    }
}
