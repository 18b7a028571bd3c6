package dev.faithdiff.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.ParameterException;

/** Arguments that go from the driver to executors. */
class RestoreOptionsTest {
    private static final List<String> GIVEN = List.of("in", "-o", "out", "--device", "cpu");

    private static List<String> elsewhere(String... more) {
        List<String> all = Stream.concat(GIVEN.stream(), Stream.of(more)).toList();
        return RestoreOptions.of(all).elsewhere(all);
    }

    @Test void theGpuThatSparkGaveTakesTheDevicesPlace() {
        assertThat(RestoreOptions.on(GIVEN, null)).isEqualTo(GIVEN);
        List<String> own = RestoreOptions.on(List.of("in", "-o", "out", "--device", "cpu", "--exact"), "1");
        assertThat(own).endsWith("--device", "cuda:1");
        assertThatThrownBy(() -> RestoreOptions.of(own).compute.device(_ -> {})).isInstanceOf(ParameterException.class)
                .hasMessageContaining("--exact is for the CPU");
    }

    @Test void foldersOfModelsAreNamedForAnyWorkingFolder() {
        assertThat(elsewhere()).endsWith("--model", Path.of(System.getProperty("faithdiff.model")).toAbsolutePath().normalize().toString());
        assertThat(elsewhere("--model", "m", "--initial=i"))
                .endsWith("--model", "m", "--initial", "i", "--model", Path.of("m").toAbsolutePath().toString(), "--initial",
                Path.of("i").toAbsolutePath().toString());
        assertThat(elsewhere("--model=hdfs://nn/m")).endsWith("--device", "cpu", "--model", "hdfs://nn/m");
    }

    @Test void whatDoesNotGoTogetherIsSaid() {
        assertThatThrownBy(() -> RestoreOptions.of(List.of("in", "-o", "out", "--below", "x")).check())
                .hasMessageContaining("--below goes with --list");
        assertThatThrownBy(() -> RestoreOptions.of(List.of("in", "-o", "out", "--tries", "0")).check()).hasMessageContaining("--tries");
        assertThatThrownBy(() -> RestoreOptions.of(List.of("in", "-o", "out", "--prompt", "auto")).check())
                .hasMessageContaining("faithdiff tag --write");
        assertThatThrownBy(() -> RestoreOptions.of(List.of("in"))).isInstanceOf(ParameterException.class);
    }
}
