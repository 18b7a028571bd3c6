package dev.faithdiff;

import dev.faithdiff.kernels.cuda.StandInPlans;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Where cuDNN is found, it offers an engine for each pattern of a guided restoration to 1024 x 1024 on A100, H200 and B200, and makes a plan of each
 * kind. {@code -Dfaithdiff.plans=all} makes all of them, which takes two minutes.
 */
@Tag("native")
@Tag("process")
@Tag("full")
class StepPlansTest {
    @TempDir private Path folder;

    @Test void everyPatternHasAPlan() throws Exception {
        String model = Files.createDirectory(folder.resolve("model")).toString();
        StandInPlans.run(folder, StandInStepPlans.class, "all".equals(System.getProperty("faithdiff.plans")) ? new String[] {model, "all"}
                : new String[] {model});
    }
}
