package dev.faithdiff.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.io.SafeTensorsError;
import dev.faithdiff.train.Checkpoint.Position;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
    @TempDir private Path dir;

    private void save(long total, float value) {
        RunFile run = TinyRun.run(dir, 1, 1, TinyRun.stage("vae", 3, ""));
        try (Scope _ = Scope.open()) {
            Checkpoint.save(dir, new Position(1, total - 1, total, total - 1, 2), run, Map.of("a", Tensor.of(new float[] {value, 2}, 2)));
        }
    }

    private float first() {
        try (Scope _ = Scope.open(); Checkpoint c = Checkpoint.newest(dir)) {
            Tensor t = Tensor.of(new float[2], 2);
            c.into(Map.of("a", t));
            return t.get(0);
        }
    }

    @Test void keepsTheLastTwo() {
        assertThat(Checkpoint.newest(dir)).isNull();
        for (int i = 1; i <= 12; i++) save(i, i);
        assertThat(Checkpoint.list(dir)).extracting(f -> f.getFileName().toString()).containsExactly("00000011.safetensors", "00000012.safetensors");
        try (Checkpoint c = Checkpoint.newest(dir)) {
            assertThat(c.position()).isEqualTo(new Position(1, 11, 12, 11, 2));
            assertThat(RunFile.parse(c.run()).seed()).isEqualTo(42);
        }
        assertThat(first()).isEqualTo(12);
    }

    @Test void takesTheOneBeforeADamagedOne() throws IOException {
        save(1, 1);
        save(2, 2);
        Path last = Checkpoint.list(dir).getLast(), left = Files.createFile(dir.resolve(".00000003.safetensors.1f.tmp"));
        byte[] whole = Files.readAllBytes(last);
        Files.write(last, Arrays.copyOf(whole, whole.length - 1));
        assertThat(first()).isEqualTo(1);
        assertThat(left).doesNotExist();
        Files.write(Checkpoint.list(dir).getFirst(), new byte[3]);
        assertThatThrownBy(() -> Checkpoint.newest(dir)).isInstanceOf(SafeTensorsError.class);
    }

    @Test void refusesOtherTensors() {
        save(1, 1);
        try (Scope _ = Scope.open(); Checkpoint c = Checkpoint.newest(dir)) {
            assertThatThrownBy(() -> c.into(Map.of("b", Tensor.of(new float[2], 2)))).hasMessageContaining("b is missing");
            assertThatThrownBy(() -> c.into(Map.of("a", Tensor.of(new float[3], 3)))).hasMessageContaining("a is F32[2], not F32[3]");
        }
    }
}
