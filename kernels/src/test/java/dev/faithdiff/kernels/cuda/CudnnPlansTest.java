package dev.faithdiff.kernels.cuda;

import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where cuDNN is found, it has a plan for each kind of pattern on A100, H200 and B200. {@code -Dfaithdiff.plans=all} compiles each of them. */
@Tag("native")
@Tag("process")
class CudnnPlansTest {
    @TempDir private Path folder;

    @Test void everyKindOfPatternHasAPlan() throws Exception {
        StandInPlans.run(folder, StandInPlans.class, "all".equals(System.getProperty("faithdiff.plans")) ? new String[] {"all"} : new String[0]);
    }
}
