package dev.faithdiff.cli;

import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Backend;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.train.RunFile;
import dev.faithdiff.train.Training;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Trains a model as described by a run file. */
@Command(name = "train", description = "Train a model on a folder of photos.", sortOptions = false, footer = {"",
        "DIR gets the log (log.jsonl), plots (loss.png, quality.png), restored photos (validation/), checkpoints, and the model, for "
        + "'faithdiff restore --model DIR/model'. Ctrl-C saves and ends the run. With --resume a run that was stopped or killed goes on, to "
        + "the same weights. See docs/training.md."})
final class TrainCommand implements Callable<Integer> {
    private static final int INTERRUPTED = 130, GRACE_MILLIS = 300;

    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "RUN.json", description = "The run file: what is trained, on which data and how.")
    private Path file;

    @Option(names = {"-o", "--output"}, required = true, paramLabel = "DIR", description = "Folder for everything that the run writes.")
    private Path out;

    @Option(names = "--resume", description = "Go on with the run in DIR that was stopped or killed.")
    private boolean resume;

    @Option(names = "--data", paramLabel = "DIR", description = "Folder of photos to train on (default: the run file's data.folder).")
    private Path photos;

    @Option(names = "--validation", paramLabel = "DIR", description = "Folder of photos to validate the model on (default: the run "
            + "file's validation.folder).")
    private Path heldOut;

    @Option(names = "--steps", paramLabel = "N", description = "Train no stage for more steps than this, to try a run file out.")
    private Integer steps;

    @Option(names = "--ablation", paramLabel = "NAME", description = "Change the method as the paper's tables 5 and 6 do: "
            + "no-alignment, last-features, no-pretraining, fixed-encoder or fixed-unet. May be repeated; replaces the run file's ablations.")
    private List<String> ablations;

    @Option(names = "--device", paramLabel = "NAME", defaultValue = "cpu",
            description = "Where to compute: cpu, cuda or cuda:N (default: ${DEFAULT-VALUE}).")
    private String device;

    @Mixin private KernelChoice kernels;

    @Option(names = {"-q", "--quiet"}, description = "Show no progress.")
    private boolean quiet;

    @Override public Integer call() {
        if (steps != null && steps < 1) throw new ParameterException(spec.commandLine(), "--steps must be at least 1, not " + steps);
        RunFile read = RunFile.read(file, photos, heldOut), shorter = steps == null ? read : read.withSteps(steps);
        RunFile run = ablations == null ? shorter : shorter.withAblations(ablations);
        Device on = Backend.device(device);
        return Engine.exactly(() -> Engine.onKernels(kernels.table(on.kind()), () -> train(run, on))); // resumed runs are the same to the bit
    }

    private int train(RunFile run, Device on) {
        CountDownLatch ended = new CountDownLatch(1);
        try (TrainBar bar = new TrainBar(spec.commandLine().getErr(), run.totalSteps(), quiet);
                Training training = new Training(run, out, on, resume, bar)) {
            Thread here = Thread.currentThread(), onSignal = new Thread(() -> stop(training, ended, here));
            Runtime.getRuntime().addShutdownHook(onSignal);
            try {
                if (training.run() == Training.End.DONE) {
                    bar.says("the model is in " + out.resolve("model"));
                    return 0;
                }
                bar.says("faithdiff: stopped and saved; go on with --resume");
                return INTERRUPTED;
            } finally {
                ended.countDown();
                unhook(onSignal);
            }
        }
    }

    /** The JVM ends when this returns: not before the step at hand is done and saved. */
    private static void stop(Training training, CountDownLatch ended, Thread trainer) {
        training.stop();
        try {
            ended.await();
            trainer.join(GRACE_MILLIS); // to say what went wrong, if something did; it ends in System.exit, which waits for us
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void unhook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            return; // the JVM is going down and has begun the hook
        }
    }
}
