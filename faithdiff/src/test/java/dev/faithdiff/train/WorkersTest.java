package dev.faithdiff.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.faithdiff.tensor.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several workers train as one that accumulates gradients. */
class WorkersTest {
    @TempDir private Path dir;
    private Path photos;

    @BeforeEach void photos() throws IOException { photos = TinyRun.photos(dir.resolve("photos"), 3); }

    /** Workers on threads of one process. */
    private record InThreads(int rank, float[][] shown, CyclicBarrier all) implements Workers {
        @Override public int count() { return shown.length; }

        @Override public void sum(float[] values) {
            try {
                shown[rank] = values.clone();
                all.await();
                for (int i = 0; i < values.length; i++) {
                    values[i] = shown[0][i];
                    for (int r = 1; r < shown.length; r++) values[i] += shown[r][i];
                }
                all.await();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** The losses that each worker saw. */
    private List<List<Double>> train(RunFile run, Path out, boolean resume, int count) throws Exception {
        float[][] shown = new float[count][];
        CyclicBarrier all = new CyclicBarrier(count);
        try (ExecutorService threads = Executors.newFixedThreadPool(count)) {
            List<Future<List<Double>>> workers = new ArrayList<>();
            for (int r = 0; r < count; r++) {
                Workers worker = new InThreads(r, shown, all);
                Callable<List<Double>> work = () -> {
                    TinyRun.Watch watch = new TinyRun.Watch(0);
                    try (Training training = new Training(run, out, Device.CPU, resume, watch, worker)) {
                        assertThat(training.run()).isEqualTo(Training.End.DONE);
                    }
                    return watch.losses;
                };
                workers.add(threads.submit(work));
            }
            List<List<Double>> losses = new ArrayList<>();
            for (Future<List<Double>> w : workers) losses.add(w.get());
            return losses;
        }
    }

    private RunFile run(int accumulation, int vaeSteps) {
        String more = ", \"accumulation\": " + accumulation + ", \"ema\": 0.9";
        return TinyRun.run(photos, 2, 100, TinyRun.stage("vae", vaeSteps, more), TinyRun.stage("unified", 2, more + ", \"optimizer\": \"muon\""));
    }

    @Test void twoWorkersOfOneBatchEachTrainTheSameBits() throws Exception {
        List<Double> alone = train(run(2, 3), dir.resolve("alone"), false, 1).getFirst();
        assertThat(train(run(2, 3), dir.resolve("two"), false, 2)).containsExactly(alone, alone);
        var expected = TinyRun.outcome(dir.resolve("alone"));
        var got = TinyRun.outcome(dir.resolve("two"));
        assertThat(got.keySet()).isEqualTo(expected.keySet()).contains("checkpoints/00000005.safetensors");
        got.forEach((name, bytes) -> assertThat(bytes).as(name).isEqualTo(expected.get(name)));
    }

    @Test void twoWorkersOfTwoBatchesEachTrainTheSameToRounding() throws Exception {
        List<Double> alone = train(run(4, 2), dir.resolve("alone"), false, 1).getFirst(),
                two = train(run(4, 2), dir.resolve("two"), false, 2).getFirst();
        assertThat(two).hasSameSizeAs(alone).isNotEqualTo(train(run(2, 2), dir.resolve("other"), false, 1).getFirst());
        for (int i = 0; i < alone.size(); i++) assertThat(two.get(i)).isCloseTo(alone.get(i), within(2e-5 * alone.get(i)));
    }

    @Test void workersThatCannotShareABatchAreRefused() {
        assertThatThrownBy(() -> train(run(3, 1), dir.resolve("out"), false, 2)).hasMessageContaining("a multiple of the 2 workers");
    }
}
