package dev.faithdiff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.kernels.cuda.StandIn;
import dev.faithdiff.restore.Offload;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The whole pipeline on the CUDA backend without a GPU: driver and libraries are stand-ins, kernels are the backend's own, built for the host.
 * Each way of moving weights gives what the CPU gives, in 16 bits op by op; a step is captured once for an image, unless weights come and go in it.
 */
@Tag("native")
@Tag("process")
class StandInPipelineTest {
    @TempDir private static Path folder;
    private static StandIn standIn;

    @BeforeAll static void build() throws Exception {
        standIn = new StandIn(folder);
        StandIn.requireCompiler();
        Files.createDirectory(folder.resolve("cache"));
    }

    /** Of the steps the first is plain; where weights take turns so is the second, since a preview after the first made the U-Net leave. */
    @ParameterizedTest
    @CsvSource({"F32, NONE, 1", "F32, STAGES, 2", "F32, BLOCKS, 3", "F16, STAGES, 2"})
    void restores(String dtype, Offload offload, int plain) throws Exception {
        List<String> calls = standIn.run(StandInPipeline.class, List.of(), Map.of("CUDA_STANDIN_NEAR", "1"), folder.resolve("cache").toString(),
                TinyModel.folder().toString(), dtype, offload.name());
        int launches = StandInPipeline.TAKEN - plain;
        assertThat(calls).doesNotContain("alloc in a capture");
        assertThat(calls.stream().filter("graph"::equals)).hasSize(Math.min(launches, 1));
        assertThat(calls.stream().filter(c -> c.startsWith("launch graph"))).hasSize(launches);
        boolean ahead = calls.stream().anyMatch(c -> c.startsWith("up ") && c.endsWith("on 0x5679"));
        assertThat(ahead).as("weights arrive on the second stream").isEqualTo(offload == Offload.BLOCKS);
    }
}
