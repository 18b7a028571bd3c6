package dev.faithdiff.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.train.RunFile;
import dev.faithdiff.train.StepRecord;
import dev.faithdiff.train.Training;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two tasks of a barrier stage train as one process does that accumulates gradients. */
@Tag("full")
class TrainJobTest {
    @TempDir private Path dir;

    @Test void aBarrierStageTrainsTheSameBits() throws Exception {
        Path photos = Files.createDirectories(dir.resolve("photos"));
        for (int i = 0; i < 2; i++) Photos.write(photos.resolve("p" + i + ".png"), 40, 40, i);
        Path file = Files.writeString(dir.resolve("run.json"), """
                {"model": {"start": "%s"}, "data": {"folder": "photos", "degradations": [{"recipe": "level1", "scale": 2}]},
                 "saveEvery": 100, "validateEvery": 100, "stages": [{"objective": "unified", "steps": 4, "batch": 1, "accumulation": 2, "crops": [32],
                 "learningRate": 0.001}]}
                """.formatted(System.getProperty("faithdiff.model")));
        RunFile run = RunFile.read(file, null, null);
        List<Double> alone = new ArrayList<>();
        try (Training training = new Training(run, dir.resolve("alone"), Device.CPU, false, new Training.Observer() {
            @Override public void step(StepRecord done) { alone.add(done.loss()); }

            @Override public void says(String line) {}
        })) {
            Engine.exactly(training::run);
        }
        try (SparkSession spark = Photos.session("local[2]", dir)) {
            TrainJob.train(spark, run, dir.resolve("two"), 2, false);
        }
        assertThat(alone).hasSize(4).doesNotHaveDuplicates();
        assertThat(dir.resolve("two/log.jsonl")).content().contains(alone.stream().map(l -> "\"loss\":" + l).toList());
        for (String weights : List.of("checkpoints/00000004.safetensors", "model/unet/model.safetensors")) {
            assertThat(dir.resolve("two").resolve(weights)).hasSameBinaryContentAs(dir.resolve("alone").resolve(weights));
        }
    }
}
