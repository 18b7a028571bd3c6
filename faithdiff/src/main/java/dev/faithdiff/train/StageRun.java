package dev.faithdiff.train;

import dev.faithdiff.nn.EdgeStrength;
import dev.faithdiff.nn.train.AdamW;
import dev.faithdiff.nn.train.Ema;
import dev.faithdiff.nn.train.GradClip;
import dev.faithdiff.nn.train.LrSchedule;
import dev.faithdiff.nn.train.Muon;
import dev.faithdiff.nn.train.Optimizer;
import dev.faithdiff.restore.FirstStage;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AffineOp;
import dev.faithdiff.tensor.op.BinaryOp;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.train.Checkpoint.Position;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One stage of a run: loader, loss, gradients, clipping, optimizer and averages, one step at a time. */
final class StageRun implements AutoCloseable {
    private static final int DATA = 1, LOSS = 2;

    private final int number;
    private final Stage stage;
    private final long seed;
    private final Device device;
    private final Objective objective;
    private final Map<String, Tensor> parameters;
    private final LrSchedule schedule;
    private final double learningRate;
    private final Optimizer optimizer;
    private final Ema ema;
    private final Loader loader;
    private final GradientSums everyone;
    private final int first, own;

    /**
     * @param at      the position of the run, in this stage
     * @param workers share the batches of each step: each has as many, one behind the other
     * @throws IllegalArgumentException if they cannot
     */
    StageRun(RunFile run, Position at, Objective objective, ImageFolder photos, FirstStage initial, Device device, Workers workers) {
        number = at.stage();
        stage = run.stagesToRun().get(number);
        seed = run.seed();
        this.device = device;
        this.objective = objective;
        parameters = objective.parameters();
        schedule = stage.schedule().equals("cosine") ? LrSchedule.cosine(stage.warmup(), stage.steps()) : LrSchedule.constant(stage.warmup());
        List<AdamW.Group> groups = objective.groups();
        learningRate = groups.getFirst().learningRate();
        AdamW.Settings d = AdamW.Settings.defaults();
        AdamW.Settings settings = new AdamW.Settings(d.beta1(), d.beta2(), d.epsilon(), stage.weightDecay());
        optimizer = stage.optimizer().equals("muon") ? new Muon(groups, settings) : new AdamW(groups, settings);
        ema = stage.ema() == 0 ? null : new Ema(parameters, stage.ema(), stage.emaWarmup());
        int all = stage.accumulation();
        if (all % workers.count() != 0) {
            throw new IllegalArgumentException("a stage's 'accumulation', " + all + ", must be a multiple of the " + workers.count() + " workers");
        }
        everyone = new GradientSums(workers, parameters.values());
        own = all / workers.count();
        first = workers.rank() * own;
        loader = new Loader(samples(run, number, photos, initial), stage.batch(), at.step() * own, k -> k / own * all + first + k % own,
                batch -> stage.crop(batch / all));
    }

    /** The crops of a stage. The autoencoder's objective uses clean ones only. */
    static Samples samples(RunFile run, int number, ImageFolder photos, FirstStage initial) {
        return new Samples(photos, initial, run.data(), run.stagesToRun().get(number).degrades(), Seeds.of(run.seed(), number, DATA));
    }

    /**
     * Does one step, with exclusive use of the device.
     *
     * @param step  of the stage, from 0
     * @param total steps done in all stages with this one
     * @throws IllegalStateException if the loss is not a number; the parameters are then as before
     */
    StepRecord step(long step, long total) { return device.exclusive(() -> take(step, total)); }

    private StepRecord take(long step, long total) {
        long begin = System.nanoTime(), waited = loader.waitNanos();
        double loss = 0, norm, factor = schedule.factor(step);
        float[] losses = new float[stage.accumulation()];
        try (Scope _ = Scope.open()) {
            Map<Tensor, Tensor> sums = new IdentityHashMap<>();
            for (int i = first; i < first + own; i++) losses[i] = accumulate(sums, Rng.cpu(Seeds.of(seed, number, LOSS, step, i)));
            everyone.add(losses, sums, total);
            for (float l : losses) loss += l;
            loss /= stage.accumulation();
            norm = GradClip.norm(parameters.values().stream().map(sums::get).filter(g -> g != null).toList()) / stage.accumulation();
            if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
                throw new IllegalStateException("loss " + loss + " and gradient norm " + norm + " at step " + total + " of the run: try a smaller "
                        + "learning rate");
            }
            optimizer.step(sums, factor, GradClip.scale(norm, stage.clip()) / stage.accumulation());
        }
        if (ema != null && (step + 1) % stage.emaEvery() == 0) ema.update();
        device.synchronize();
        double seconds = (System.nanoTime() - begin) / 1e9;
        return new StepRecord(number, stage.objective(), step + 1, total, loss, factor * learningRate, norm,
                stage.batch() * stage.accumulation() / seconds, (loader.waitNanos() - waited) / 1e6, device.pool().peakBytes());
    }

    /** Adds one batch's gradients and returns its loss. */
    private float accumulate(Map<Tensor, Tensor> sums, Rng rng) {
        try (Tape tape = Tape.watch(parameters.values(), stage.recompute())) {
            Tensor loss = loss(batch(loader.next()), rng);
            tape.gradients(loss).forEach((parameter, gradient) -> {
                Tensor sum = sums.get(parameter);
                if (sum != null) Engine.update(new BinaryOp(BinaryOp.Kind.ADD), sum, sum, gradient);
                // A copy where more is to be added: a gradient may share its memory with another one.
                else sums.put(parameter, tape.keep(stage.accumulation() == 1 ? gradient : gradient.mul(1)));
            });
            return loss.item();
        }
    }

    private Tensor loss(TrainingBatch batch, Rng rng) {
        if (stage.evenEdges() == 0) return objective.loss(batch, rng);
        EdgeStrength edges = new EdgeStrength();
        Tensor loss = edges.run(() -> objective.loss(batch, rng)), strength = edges.loss();
        return strength == null ? loss : loss.add(strength.mul((float) stage.evenEdges()));
    }

    private TrainingBatch batch(List<Sample> samples) {
        return new TrainingBatch(images(samples.stream().map(s -> s.clean().toFloats()).toList(), samples.getFirst()),
                images(samples.stream().map(s -> s.degraded().toFloats()).toList(), samples.getFirst()),
                samples.stream().map(Sample::caption).toList(), samples.stream().map(Sample::crop).toList());
    }

    private Tensor images(List<float[]> all, Sample like) {
        int length = all.getFirst().length;
        float[] values = new float[length * all.size()];
        for (int i = 0; i < all.size(); i++) System.arraycopy(all.get(i), 0, values, i * length, length);
        return Tensor.of(values, all.size(), like.clean().height(), like.clean().width(), 3).to(device);
    }

    /** The tensors that {@link #restore} needs beside the parameters. */
    Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        optimizer.state().forEach((name, t) -> state.put("optimizer." + name, t));
        averages().forEach((name, t) -> state.put("average." + name, t));
        return state;
    }

    long optimizerSteps() { return optimizer.steps(); }

    long averagings() { return ema == null ? 0 : ema.updates(); }

    /** Continues from a checkpoint that was saved in this stage. */
    void restore(Checkpoint from) {
        from.into(state());
        optimizer.restore(optimizer.state(), from.position().optimizerSteps());
        if (ema != null) ema.restore(ema.averages(), from.position().averagings());
    }

    /** The averaged parameters by name; none where the stage averages nothing. */
    Map<String, Tensor> averages() { return ema == null ? Map.of() : ema.averages(); }

    /** Copies the averages into the parameters. */
    void finish() {
        averages().forEach((name, average) -> Engine.update(new AffineOp(1, 0), parameters.get(name), average));
    }

    @Override public void close() {
        loader.close();
        optimizer.close();
        if (ema != null) ema.close();
    }
}
