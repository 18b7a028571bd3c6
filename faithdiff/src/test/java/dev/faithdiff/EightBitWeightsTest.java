package dev.faithdiff;

import static dev.faithdiff.restore.CommonOptions.SCALE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.quality.Channels;
import dev.faithdiff.quality.Psnr;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.SafeTensors.Entry;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What 8-bit weights cost: the default model's U-Net and alignment weights as F8_E4M3 without scales (the published way, and what
 * {@code convert --dtype f8_e4m3} writes) and, rounded and widened again, with a scale for each tensor or each output channel. PSNR of
 * the restored photos against those of the F16 weights; the table in the converter's README is this test's output.
 */
@Tag("full")
class EightBitWeightsTest {
    private enum Scale { NONE, TENSOR, CHANNEL }

    private static final Path HOME = Path.of(System.getProperty("faithdiff.home")), MODEL = HOME.resolve("models/faithdiff-mini");
    private static final List<String> NAMES = List.of("chelsea", "astronaut", "coffee");
    private static final float LARGEST = 448;

    @TempDir Path dir;

    @Test void table() throws IOException {
        Map<String, Image> exact = restore(MODEL);
        Map<Scale, Double> means = new EnumMap<>(Scale.class);
        for (Scale scale : Scale.values()) {
            Path variant = dir.resolve(scale.name());
            double relative = copy(variant, scale), sum = 0;
            StringBuilder row = new StringBuilder("| " + scale.name().toLowerCase() + " | %.2f %% |".formatted(100 * relative));
            for (Map.Entry<String, Image> photo : restore(variant).entrySet()) {
                double psnr = new Psnr(Channels.RGB).of(photo.getValue(), exact.get(photo.getKey()));
                row.append(" %.1f dB |".formatted(psnr));
                sum += psnr;
            }
            System.out.println(row);
            means.put(scale, sum / NAMES.size());
        }
        assertThat(means.get(Scale.NONE)).isBetween(50.0, 79.0);
        assertThat(means.get(Scale.TENSOR)).isBetween(50.0, 79.0);
        assertThat(means.get(Scale.CHANNEL)).isGreaterThan(means.get(Scale.NONE)).isLessThan(79);
    }

    private static Map<String, Image> restore(Path model) {
        Map<String, Image> restored = new LinkedHashMap<>();
        try (FaithDiff faithDiff = FaithDiff.open(model, Device.CPU)) {
            for (String name : NAMES) {
                Image photo = ImageFiles.read(HOME.resolve("samples/" + name + "-degraded.jpg"));
                restored.put(name, faithDiff.restore(photo, faithDiff.defaults().with(SCALE, 2.0)));
            }
        }
        return restored;
    }

    /** Copies the model with rounded U-Net weights; the relative root mean square error of the rounded tensors. */
    private static double copy(Path to, Scale scale) throws IOException {
        try (Stream<Path> files = Files.walk(MODEL)) {
            for (Path f : files.filter(Files::isRegularFile).toList()) {
                Path target = to.resolve(MODEL.relativize(f).toString());
                Files.createDirectories(target.getParent());
                if (!f.endsWith("unet/model.safetensors")) Files.copy(f, target);
            }
        }
        double[] error = new double[2];
        try (SafeTensors unet = SafeTensors.open(MODEL.resolve("unet/model.safetensors")); Arena arena = Arena.ofConfined()) {
            List<Source> tensors = unet.entries().values().stream()
                    .map(e -> e.shape().rank() < 2 || e.name().startsWith("denoise_encoder.") ? (Source) e
                    : rounded(e, scale, arena, error)).toList();
            SafeTensors.write(to.resolve("unet/model.safetensors"), tensors, Map.of());
        }
        return Math.sqrt(error[0] / error[1]);
    }

    private static Source rounded(Entry e, Scale scale, Arena arena, double[] error) {
        int count = Math.toIntExact(e.shape().count()), run = scale == Scale.CHANNEL ? count / e.shape().size(0) : count;
        DType stored = scale == Scale.NONE ? DType.F8_E4M3 : DType.F32;
        MemorySegment data = arena.allocate((long) count * stored.bytes());
        for (int from = 0; from < count; from += run) {
            float largest = 0;
            for (int i = from; i < from + run; i++) largest = Math.max(largest, Math.abs(e.dtype().get(e.data(), (long) i * e.dtype().bytes())));
            float unit = scale == Scale.NONE || largest == 0 ? 1 : largest / LARGEST;
            for (int i = from; i < from + run; i++) {
                float w = e.dtype().get(e.data(), (long) i * e.dtype().bytes());
                float r = DType.f8ToFloat(DType.floatToF8(w / unit)) * unit;
                stored.set(data, (long) i * stored.bytes(), r);
                error[0] += (w - r) * (double) (w - r);
                error[1] += (double) w * w;
            }
        }
        return Source.of(e.name(), stored, e.shape(), () -> data);
    }
}
