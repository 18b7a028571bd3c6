package dev.faithdiff.kernels.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.kernels.cpu.Tuning;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class TunerTest {
    private static final long HOUR = 3_600_000_000_000L;
    private int calls;

    /** Twice the depth takes 0.9 of the time, half the chunk 0.97, and a smaller slice is faster in every other turn only. */
    private double seconds(Map<Tuning, Integer> percents) {
        calls++;
        return (percents.getOrDefault(Tuning.GEMM_DEPTH, 100) == 200 ? 0.9 : 1) * (percents.getOrDefault(Tuning.WINOGRAD_CHUNK, 100) == 50 ? 0.97 : 1)
                * (percents.getOrDefault(Tuning.GEMM_SLICE, 100) == 66 ? calls % 4 == 1 ? 0.5 : 1.1 : 1);
    }

    @Test void keepsWhatIsFasterInEachTurn() {
        List<String> progress = new ArrayList<>();
        assertThat(new Tuner(this::seconds, progress::add).best(HOUR)).isEqualTo(Map.of(Tuning.GEMM_DEPTH, 200, Tuning.WINOGRAD_CHUNK, 50));
        assertThat(progress).contains("gemm.depth 200 %: 0.900 of the time", "winograd.chunk 50 %: 0.970 of the time",
                "winograd.chunk 200 %: not faster");
    }

    @Test void endsInTime() {
        assertThat(new Tuner(this::seconds, line -> {}).best(0)).isEmpty();
        assertThat(calls).isZero();
        new Tuner(percents -> {
            LockSupport.parkNanos(200_000_000);
            return seconds(percents);
        }, line -> {}).best(1_000_000_000);
        assertThat(calls).as("a third turn would end too late").isEqualTo(4);
    }

    /** A process that times all cases with the given sizes. */
    @Tag("process")
    @Test void aTrialIsAProcess() { assertThat(TuneTrial.run(Map.of(Tuning.GEMM_DEPTH, 80))).isBetween(1e-4, 10.0); }
}
