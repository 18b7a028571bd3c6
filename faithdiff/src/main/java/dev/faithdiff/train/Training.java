package dev.faithdiff.train;

import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;

import dev.faithdiff.FaithDiff;
import dev.faithdiff.Model;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.restore.FirstStage;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.TwoStages;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.train.Checkpoint.Position;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One training run in a folder: the steps of each stage, with logs, checkpoints, validation, plots and the finished model. The same run
 * file gives the same weights, whether it ran in one go or was stopped, killed and resumed.
 */
public final class Training implements AutoCloseable {
    /** Is called for each step and other events, on the training thread. */
    public interface Observer {
        void step(StepRecord done);

        void says(String line);
    }

    /** How a run ended: with all steps done, or stopped before and saved. */
    public enum End { DONE, STOPPED }

    private final RunFile run;
    private final Device device;
    private final Observer listener;
    private final Workers workers;
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final ImageFolder photos;
    private final FirstStage initial;
    private final Validation validation;
    private final RunFolder folder;
    private final Model model;
    private final Objectives objectives;
    private final JsonLines<StepRecord> log;
    private final JsonLines<QualityRecord> qualities;
    private Checkpoint resumed;
    private Position at = new Position(0, 0, 0, 0, 0);
    private volatile boolean stopping;

    /**
     * Opens the model, the photos and the last checkpoint.
     *
     * @param resume whether to continue the run in this folder; else the folder must not have one
     */
    public Training(RunFile run, Path out, Device device, boolean resume, Observer listener) {
        this(run, out, device, resume, listener, Workers.ALONE);
    }

    /** As one of several workers, each with a training of its own. The first one alone writes into the folder, and all must see what it wrote. */
    public Training(RunFile run, Path out, Device device, boolean resume, Observer listener, Workers workers) {
        this.run = run;
        this.workers = workers;
        this.device = device;
        this.listener = listener;
        if (!resume && !Checkpoint.list(out.resolve("checkpoints")).isEmpty()) {
            throw new IllegalArgumentException(out + " holds a run already; go on with it by --resume or choose another folder");
        }
        try {
            photos = ImageFolder.open(Path.of(run.data().folder()), (long) run.data().cacheMegabytes() << 20);
            initial = firstStage(run.data());
            validation = leads() ? validation(run.validation()) : null;
            if (!Files.isDirectory(run.model().folder())) {
                throw new IllegalArgumentException(run.model().folder() + ": there is no such model folder");
            }
            folder = leads() ? open(new RunFolder(out)) : RunFolder.ofWorker(out, workers.rank());
            model = open(model());
            objectives = open(new Objectives(model, run));
            resumed = Checkpoint.newest(folder.checkpoints());
            if (resumed != null) goOn(open(resumed));
            if (leads()) folder.writeRun(run);
            log = leads() ? open(new JsonLines<>(folder.file("log.jsonl"), StepRecord.class, at.total())) : null;
            qualities = leads() ? open(new JsonLines<>(folder.file("quality.jsonl"), QualityRecord.class, at.total())) : null;
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    private boolean leads() { return workers.rank() == 0; }

    private FirstStage firstStage(RunFile.Data data) {
        if (data.initial().isEmpty()) return null;
        return new FirstStage(open(Restorers.open(Path.of(data.initial()), device)), data.initialShare(), data.initialPasses());
    }

    private static Validation validation(RunFile.ValidationData held) {
        if (held.folder().isEmpty()) return null;
        Validation v = new Validation(held);
        if (!v.tooSmall().isEmpty()) throw new ImageError(v.tooSmall().getFirst() + " is smaller than the crop of " + held.crop());
        return v;
    }

    private Model model() {
        Path begun = run.model().folder();
        if (!run.model().drawn()) return Model.trainable(begun, device);
        boolean other = run.ablationSet().contains(Ablation.NO_ALIGNMENT) || run.ablationSet().contains(Ablation.LAST_FEATURES);
        return Model.drawn(other ? folder.resized(begun, run.ablationSet()) : begun, device, run.seed());
    }

    private <T extends AutoCloseable> T open(T part) {
        open.push(part);
        return part;
    }

    private void goOn(Checkpoint from) {
        at = from.position();
        String difference = RunFile.parse(from.run()).differenceUpTo(at.step() == 0 ? at.stage() - 1 : at.stage(), run);
        if (difference != null) throw new IllegalArgumentException("this run was begun with another value of " + difference + "; it cannot go on");
        from.into(modelState());
        listener.says("going on at step " + at.total() + " of " + run.totalSteps());
    }

    private Map<String, Tensor> modelState() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        model.parameters("").forEach((name, t) -> state.put("unet." + name, t));
        model.vaeParameters("").forEach((name, t) -> state.put("vae." + name, t));
        objectives.head().forEach((name, t) -> state.put("head." + name, t));
        return state;
    }

    /** Makes the run save and end after its current step. Any thread may call this. */
    public void stop() { stopping = true; }

    /** Trains to the end or until stopped. */
    public End run() {
        if (at.stage() > 0 && at.step() == 0 && !validated()) validate(at.stage() - 1, Map.of());
        while (at.stage() < run.stagesToRun().size()) {
            if (!runStage()) return End.STOPPED;
        }
        return End.DONE;
    }

    /** False if stopped before the stage's end. */
    private boolean runStage() {
        Stage stage = run.stagesToRun().get(at.stage());
        if (at.step() == 0) objectives.begin(stage, StageRun.samples(run, at.stage(), photos, initial));
        try (StageRun steps = new StageRun(run, at, objectives.of(stage), photos, initial, device, workers)) {
            if (at.step() > 0 && resumed != null) steps.restore(resumed);
            resumed = null;
            while (at.step() < stage.steps()) {
                if (at.step() > 0 && at.total() % run.validateEvery() == 0 && !validated()) validate(at.stage(), steps.averages());
                StepRecord done = steps.step(at.step(), at.total() + 1);
                if (leads()) log.add(done);
                listener.step(done);
                at = new Position(at.stage(), at.step() + 1, at.total() + 1, steps.optimizerSteps(), steps.averagings());
                if (at.step() == stage.steps()) break;
                boolean stop = stopping;
                if (stop || at.total() % run.saveEvery() == 0) save(steps.state());
                if (stop) return false;
            }
            steps.finish();
        }
        int ended = at.stage();
        at = new Position(ended + 1, 0, at.total(), 0, 0);
        save(Map.of());
        validate(ended, Map.of());
        listener.says("stage " + (ended + 1) + " of " + run.stagesToRun().size() + " (" + stage.objective() + ") is done");
        return true;
    }

    private void save(Map<String, Tensor> stageState) {
        if (!leads()) return;
        Map<String, Tensor> all = modelState();
        all.putAll(stageState);
        Checkpoint.save(folder.checkpoints(), at, run, all);
    }

    /** False also for a run that was killed after it saved the step and before it validated. */
    private boolean validated() { return !leads() || !qualities.records().isEmpty() && qualities.records().getLast().total() >= at.total(); }

    /** Writes the current model and validates it. */
    private void validate(int stage, Map<String, Tensor> averages) {
        if (!leads()) return;
        folder.writeModel(model, averages);
        if (validation != null) {
            QualityRecord q = quality(stage);
            qualities.add(q);
            listener.says("step " + at.total() + ": " + q);
        }
        try {
            Plots.loss(log.records(), folder.file("loss.png"));
            if (validation != null) Plots.quality(qualities.records(), folder.file("quality.png"));
        } catch (LinkageError | InternalError | RuntimeException e) {
            listener.says("no plots: " + e); // a machine without fonts can still train
        }
    }

    /** Quality of the written model with its first stage. */
    private QualityRecord quality(int stage) {
        RunFile.ValidationData held = run.validation();
        try (FaithDiff last = FaithDiff.open(folder.model(), device)) {
            Restorer restorer = initial == null ? last : new TwoStages(initial, last, 0);
            Options own = restorer.defaults().with(SCALE, (double) held.scale()), o = held.steps() == 0 ? own : own.with(STEPS, held.steps());
            boolean restores = run.stagesToRun().get(stage).restores();
            return validation.measure(stage, at.total(), restorer, restores ? o : null, folder.sheet(at.total()));
        }
    }

    @Override public void close() {
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
