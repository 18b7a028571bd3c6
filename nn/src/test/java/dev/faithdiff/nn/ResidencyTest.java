package dev.faithdiff.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.nn.Residency.Place;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Pool;
import dev.faithdiff.tensor.Replay;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Storage;
import dev.faithdiff.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What comes to a device and leaves it as weights are used. */
class ResidencyTest {
    private static final int FLOATS = 64;

    @TempDir Path dir;

    /** A device that notes what it is asked, with memory on the host. */
    private static final class Noting implements Device {
        private final List<String> log = new ArrayList<>();
        private final Pool pool = new Pool("noting:0", bytes -> Arena.global().allocate(bytes, 256).address(), address -> {});

        @Override public String name() { return "noting:0"; }

        @Override public String kind() { return "noting"; }

        @Override public Storage allocate(long bytes) { return new Storage(this, pool.take(bytes), bytes, null); }

        @Override public void release(Storage s) { pool.give(s.address(), s.bytes()); }

        @Override public void upload(MemorySegment host, Storage to, long offset) {
            log.add("up " + host.get(DType.FLOAT, 0));
            MemorySegment.copy(host, 0, MemorySegment.ofAddress(to.address() + offset).reinterpret(host.byteSize()), 0, host.byteSize());
        }

        @Override public void download(Storage from, long offset, MemorySegment host) {
            MemorySegment.copy(MemorySegment.ofAddress(from.address() + offset).reinterpret(host.byteSize()), 0, host, 0, host.byteSize());
        }

        @Override public Runnable uploadAhead(MemorySegment host, Storage to) {
            log.add("ahead " + host.get(DType.FLOAT, 0));
            upload(host, to, 0);
            log.removeLast();
            float first = host.get(DType.FLOAT, 0);
            return () -> log.add("arrived " + first);
        }

        @Override public Pool pool() { return pool; }

        private List<String> asked() {
            List<String> all = List.copyOf(log);
            log.clear();
            return all;
        }
    }

    private final Noting device = new Noting();

    /** Weights named STAGE or STAGE.BLOCK, each filled with its number. */
    private Weights weights(Residency residency, String... names) {
        Path file = dir.resolve("weights.safetensors");
        try (Weights made = Weights.init(1, Device.CPU)) {
            for (int i = 0; i < names.length; i++) made.get(names[i], Init.constant(i + 1), FLOATS);
            made.save(file);
        }
        return Weights.open(file, device, null, residency);
    }

    private Residency residency() {
        return new Residency(device, key -> key.contains(".") ? new Place(key.substring(0, key.indexOf('.')), key) : new Place(key, null));
    }

    /** Uses a weight: its first value. */
    private static float use(Tensor weight) {
        try (Scope _ = Scope.open()) {
            return weight.to(Device.CPU).get(0);
        }
    }

    @Test void stagesTakeTurns() {
        try (Residency residency = residency(); Weights w = weights(residency, "first", "second")) {
            Tensor first = w.get("first", Init.ONE, FLOATS), second = w.get("second", Init.ONE, FLOATS);
            assertThat(device.pool().usedBytes()).as("nothing comes before it is used").isZero();
            assertThat(List.of(use(first), use(first), use(second), use(first))).containsExactly(1f, 1f, 2f, 1f);
            assertThat(device.asked()).containsExactly("up 1.0", "up 2.0", "up 1.0");
            assertThat(device.pool().usedBytes()).isEqualTo(4 * FLOATS);
        }
        assertThat(device.pool().usedBytes()).isZero();
    }

    @Test void blocksComeOneAheadOnceTheirOrderIsKnown() {
        try (Residency residency = residency(); Weights w = weights(residency, "net.a", "net.b", "net.c")) {
            List<Tensor> blocks = List.of(w.get("net.a", Init.ONE, FLOATS), w.get("net.b", Init.ONE, FLOATS), w.get("net.c", Init.ONE, FLOATS));
            for (Tensor b : blocks) use(b);
            assertThat(device.asked()).containsExactly("ahead 1.0", "arrived 1.0", "ahead 2.0", "arrived 2.0", "ahead 3.0", "arrived 3.0");
            for (Tensor b : blocks) assertThat(use(b)).isEqualTo(1f + blocks.indexOf(b));
            assertThat(device.asked()).containsExactly("ahead 1.0", "arrived 1.0", "ahead 2.0", "arrived 2.0", "ahead 3.0", "arrived 3.0",
                    "ahead 1.0");
            assertThat(device.pool().usedBytes()).as("the block at work and the next").isEqualTo(2 * 4 * FLOATS);
            device.pool().resetPeak();
            for (Tensor b : blocks) assertThat(use(b)).isEqualTo(1f + blocks.indexOf(b));
            assertThat(device.pool().peakBytes()).as("never a third").isEqualTo(2 * 4 * FLOATS);
        }
        assertThat(device.pool().usedBytes()).isZero();
    }

    @Test void weightsThatVisitMayBeChangedByALora() {
        Path base = dir.resolve("base.safetensors"), lora = dir.resolve("lora.safetensors");
        try (Weights made = Weights.init(1, Device.CPU); Weights change = Weights.init(1, Device.CPU)) {
            for (String module : List.of("stage", "net.block")) {
                made.get(module + ".weight", Init.ONE, 1, FLOATS);
                change.get("unet." + module + ".lora_A.weight", Init.constant(0.5f), 1, FLOATS);
                change.get("unet." + module + ".lora_B.weight", Init.constant(2), 1, 1);
            }
            made.save(base);
            change.save(lora);
        }
        WeightSource source = new LoraWeights(new FileWeights(base), Lora.open(lora, Lora.Part.UNET), 3);
        Residency residency = new Residency(device, key -> key.startsWith("stage") ? new Place("stage", null) : new Place("net", key));
        try (residency; Weights w = Weights.of(source, device, null, residency)) {
            Tensor stage = w.get("stage.weight", Init.ONE, 1, FLOATS), block = w.get("net.block.weight", Init.ONE, 1, FLOATS);
            assertThat(List.of(use(stage), use(block), use(stage), use(block))).containsExactly(4f, 4f, 4f, 4f);
            assertThat(device.asked()).containsExactly("up 4.0", "ahead 4.0", "arrived 4.0", "up 4.0", "ahead 4.0", "arrived 4.0");
        }
        assertThat(device.pool().usedBytes()).isZero();
    }

    @Test void closedWeightsSayTheirName() {
        Tensor weight;
        try (Residency residency = residency(); Weights w = weights(residency, "only")) {
            weight = w.get("only", Init.ONE, FLOATS);
        }
        assertThatThrownBy(() -> use(weight)).isInstanceOf(OpError.class).hasMessageContaining("only F32[64] is used after its scope was closed");
    }

    @Test void onTheHostWeightsStayMapped() {
        Path file = dir.resolve("host.safetensors");
        try (Weights made = Weights.init(1, Device.CPU)) {
            made.get("only", Init.ONE, FLOATS);
            made.save(file);
        }
        Residency residency = new Residency(Device.CPU, key -> new Place(key, null));
        try (Weights w = Weights.open(file, Device.CPU, null, residency)) {
            assertThat(w.get("only", Init.ONE, FLOATS).storage().live()).isTrue();
        }
    }

    /** The CPU only does the work again; a residency on it changes nothing. */
    @Test void repeatedWorkGivesTheSame() {
        try (Scope _ = Scope.open(); Replay replay = new Residency(Device.CPU, key -> null).replay(in -> in[0].mul(in[1]))) {
            Tensor x = Tensor.of(new float[] {1, 2, 3}, 3);
            for (int i = 1; i < 4; i++) {
                assertThat(replay.run(x, Tensor.full(Device.CPU, DType.F32, Shape.of(3), i)).toFloats()).containsExactly(i, 2 * i, 3 * i);
            }
        }
    }
}
