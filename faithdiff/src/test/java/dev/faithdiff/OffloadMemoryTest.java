package dev.faithdiff;

import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Image;
import dev.faithdiff.restore.Offload;
import dev.faithdiff.restore.Options;
import dev.faithdiff.tensor.CountingDevice;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Backend;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a guided restoration to 1024 x 1024 with the full-size model holds on a device at its peak, by the way its weights come and go: tensors
 * only, on a device that counts them. The table in docs/cuda.md is this test's output.
 */
@Tag("full")
class OffloadMemoryTest {
    private static final long GIGABYTE = 1_000_000_000;
    /** What a driver and a desktop take; scratch memory of cuBLAS and cuDNN, one converted weight, and the buffers for copies. */
    private static final long DRIVER = 600_000_000, LIBRARIES = 700_000_000;

    private final Device dry = Backend.device("dry");
    @TempDir private Path folder;

    @Test void table() throws IOException {
        FullSizeModel.write(folder);
        Map<Offload, Long> half = row("F16", DType.F16, DType.F16);
        Map<Offload, Long> eight = row("F16, weights F8_E4M3", DType.F8_E4M3, DType.F16);
        row("F32, weights F16", DType.F16, DType.F32);
        assertThat(half.get(Offload.NONE)).isGreaterThan(7 * GIGABYTE);
        assertThat(half.get(Offload.STAGES)).isBetween(5 * GIGABYTE, 8 * GIGABYTE);
        assertThat(half.get(Offload.BLOCKS)).isLessThan(5 * GIGABYTE);
        assertThat(eight.get(Offload.STAGES)).isLessThan(5 * GIGABYTE);
    }

    /**
     * Cards of 8 and 12 GB restore to 1024 and 2048 pixels in F16 in the mode that AUTO chooses, with what driver, desktop and libraries need beside
     * tensors. The lines printed are the table in docs/cuda.md.
     */
    @Test void smallCards() throws IOException {
        FullSizeModel.write(folder);
        long largest = bytes("unet") + bytes("faithdiff"), all = largest + bytes("vae") + bytes("text_encoder") + bytes("text_encoder_2");
        CountingDevice device = (CountingDevice) dry;
        for (int card : new int[] {8, 12}) {
            long before = device.pool().usedBytes(), free = ((long) card << 30) - DRIVER;
            device.capacity(before + free);
            try {
                Offload mode = Offload.AUTO.chosen(all, largest, device, DType.F16);
                device.capacity(before + free - LIBRARIES);
                for (int side : new int[] {1024, 2048}) {
                    long peak = peak(mode, DType.F16, DType.F16, side);
                    System.out.printf("| %d GB | %d | `%s` | %.1f GB |%n", card, side, mode, (double) peak / GIGABYTE);
                    assertThat(peak).isLessThan(free - LIBRARIES);
                }
                assertThat(mode).isEqualTo(card == 8 ? Offload.BLOCKS : Offload.NONE);
            } finally {
                device.capacity(Long.MAX_VALUE);
            }
        }
    }

    private static long bytes(String part) { return KeyLists.of(part).values().stream().mapToLong(s -> s.count() * DType.F16.bytes()).sum(); }

    private Map<Offload, Long> row(String name, DType weights, DType dtype) {
        Map<Offload, Long> peaks = new EnumMap<>(Offload.class);
        StringBuilder row = new StringBuilder("| " + name + " |");
        for (Offload o : new Offload[] {Offload.NONE, Offload.STAGES, Offload.BLOCKS}) {
            peaks.put(o, peak(o, weights, dtype));
            row.append(" %.1f GB |".formatted((double) peaks.get(o) / GIGABYTE));
        }
        System.out.println(row);
        return peaks;
    }

    private long peak(Offload offload, DType weights, DType dtype) { return peak(offload, weights, dtype, 1024); }

    private long peak(Offload offload, DType weights, DType dtype, int side) {
        dry.pool().trim();
        dry.pool().resetPeak();
        long before = dry.pool().usedBytes();
        try (FaithDiff faithDiff = FullSizeModel.open(folder, dry, weights, dtype, offload)) {
            Options options = Options.defaults().with(SCALE, 4.0).with(STEPS, 2).with(PROMPT, "a").with(NEGATIVE, "b");
            Image restored = faithDiff.restore(Image.of(side / 4, side / 4, new byte[side / 4 * side / 4 * 3]), options);
            assertThat(restored.width()).isEqualTo(side);
        }
        assertThat(dry.pool().usedBytes()).as("all memory is given back").isEqualTo(before);
        return dry.pool().peakBytes() - before;
    }
}
