package dev.faithdiff.spark;

import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.train.RunFile;
import dev.faithdiff.train.StepRecord;
import dev.faithdiff.train.Training;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import scala.Function1;
import scala.collection.Iterator;
import scala.reflect.ClassTag$;

/**
 * Trains a model on several workers (docs/cluster.md): the class for {@code spark-submit}. Each worker is a task of one barrier stage and has its
 * share of each step's batches. The stage begins again from the last checkpoint if a worker is lost.
 */
@Command(name = "TrainJob", mixinStandardHelpOptions = true, sortOptions = false, showDefaultValues = true,
        description = "Train a model on workers of a cluster, each of which sees the same folders.")
public final class TrainJob implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "RUN.json", description = "The run file. Its stages' accumulation is a multiple of the number of workers.")
    private Path file;

    @Option(names = {"-o", "--output"}, required = true, paramLabel = "DIR", description = "Folder for everything that the run writes.")
    private Path out;

    @Option(names = "--workers", required = true, paramLabel = "N", description = "How many share the batches of a step.")
    private int workers;

    @Option(names = "--resume", description = "Go on with the run in DIR that was stopped or killed.")
    private boolean resume;

    @Option(names = "--data", paramLabel = "DIR", description = "Folder of photos to train on (default: the run file's data.folder).")
    private Path photos;

    @Option(names = "--validation", paramLabel = "DIR", description = "Folder of photos to validate on (default: the run file's validation.folder).")
    private Path heldOut;

    /** What each worker does. @param run a run file's settings @param out the run's folder */
    private record Work(String run, String out, boolean resume) implements Function1<Iterator<Integer>, Iterator<String>>, Serializable {
        @Override public Iterator<String> apply(Iterator<Integer> rank) {
            ExecutorCores.use();
            BarrierTaskContext task = BarrierTaskContext.get();
            String host = SparkEnv.get().blockManager().blockManagerId().host();
            try (SocketWorkers.Door door = new SocketWorkers.Door(host);
                    SocketWorkers workers = door.join(task.partitionId(), List.of(task.allGather(door.address())));
                    Training training = new Training(RunFile.parse(run), Path.of(out), Device.CPU, resume || task.stageAttemptNumber() > 0,
                            new Lines(), workers)) {
                return scala.collection.Iterator$.MODULE$.single(Engine.exactly(training::run).toString());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Says in the executor's output how the run goes. */
    private static final class Lines implements Training.Observer {
        @Override public void step(StepRecord done) {}

        @Override public void says(String line) { System.out.println(line); }
    }

    public static void main(String[] args) { System.exit(new CommandLine(new TrainJob()).execute(args)); }

    @Override public Integer call() throws IOException {
        if (workers < 1) throw new ParameterException(spec.commandLine(), "--workers must be at least 1, not " + workers);
        RunFile run = RunFile.read(file, photos, heldOut);
        try (SparkSession spark = SparkSession.builder().appName("FaithDiff: train " + file.getFileName()).getOrCreate()) {
            train(spark, run, out, workers, resume);
        }
        System.out.println("the model is in " + out.resolve("model"));
        return 0;
    }

    /** Trains to the end. @param out a folder that each worker sees at this path */
    static void train(SparkSession spark, RunFile run, Path out, int workers, boolean resume) {
        List<Integer> ranks = IntStream.range(0, workers).boxed().toList();
        JavaSparkContext.fromSparkContext(spark.sparkContext()).parallelize(ranks, workers).rdd().barrier()
                .mapPartitions(new Work(run.json(), out.toAbsolutePath().toString(), resume), false, ClassTag$.MODULE$.apply(String.class)).collect();
    }
}
