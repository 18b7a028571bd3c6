package dev.faithdiff.convert.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.faithdiff.Fixtures;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.names.Architecture;
import dev.faithdiff.convert.names.KeyNames;
import dev.faithdiff.convert.names.OriginalLayout;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.nn.WeightsError;
import dev.faithdiff.tensor.io.SafeTensorsError;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Mutated files of every format: each is read whole or refused with one clean line, in bounded time and memory. The same seed makes
 * the same files; {@code -Dfuzz.cases=N} takes more of each, {@code -Dfuzz.seed=N} others.
 */
@Tag("full")
@Timeout(value = 300, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FuzzTest {
    private static final int CASES = Integer.getInteger("fuzz.cases", 1000);
    private static final long SEED = Long.getLong("fuzz.seed", 2026), LARGEST_ALLOCATION = 64 << 20, LONGEST_MILLIS = 5000;
    private static final Path VARIANTS = Fixtures.path("checkpoint-tiny/loader-variants");
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final byte[] INTERESTING = {0, 1, 0x7f, (byte) 0x80, (byte) 0xff,
            '(', 'R', 'Q', 'c', 'b', 's', 'u', 't', 'h', 'q', 'r', '}', ']', 'P', 'K',
            '{', '[', '"', ':', ',', '-', '9', 'e', '.'};

    @TempDir Path folder;

    /** What is done with a mutated file; it must end in a clean error or not at all. */
    private interface Reading { void read(Path file) throws IOException; }

    @ParameterizedTest
    @CsvSource({
        "safetensors, dtypes/same_tensor.safetensors, 1600", "single file, checkpoint-tiny/sdxl-single-file.safetensors, 120000",
        "shard index, checkpoint-tiny/loader-variants/vae-sharded/diffusion_pytorch_model.safetensors.index.json, 0",
        "torch zip, checkpoint-tiny/loader-variants/odd_tensors_zip.pt, 0", "torch legacy, checkpoint-tiny/loader-variants/odd_tensors_legacy.pt, 0",
        "pickle protocol 4, checkpoint-tiny/loader-variants/odd_tensors_pickle4.pt, 0", "rrdbnet, rrdbnet/realesrgan_x2.pth, 12000",
        "srvgg, generators/srvgg_x2.pth, 3000", "ncnn graph, generators/srvgg_x2.param, 0", "ncnn weights, generators/srvgg_x2.bin, 0",
        "ncnn rrdbnet, generators/rrdb_x4.param, 0",
        "unet configuration, checkpoint-tiny/sdxl/unet/config.json, 0", "text configuration, checkpoint-tiny/sdxl/text_encoder_2/config.json, 0",
        "vae configuration, checkpoint-tiny/sdxl/vae/config.json, 0"})
    void damagedFilesAreReadOrRefused(String format, String name, int head) throws IOException {
        byte[] whole = Files.readAllBytes(Fixtures.path(name));
        if (format.equals("shard index")) {
            for (int i = 1; i <= 3; i++) {
                String shard = "vae-sharded/diffusion_pytorch_model-0000" + i + "-of-00003.safetensors";
                Files.copy(VARIANTS.resolve(shard), folder.resolve(shard.substring(12)));
            }
        }
        Path file = folder.resolve(name.endsWith(".json") ? "mutated.json" : name.endsWith(".param") ? "mutated.param" : "mutated.bin");
        if (format.startsWith("ncnn")) {
            String other = name.endsWith(".param") ? ".bin" : ".param";
            Files.copy(Fixtures.path(name.replaceFirst("\\.\\w+$", other)), folder.resolve("mutated" + other));
        }
        Reading reading = name.endsWith("config.json") ? FuzzTest::configure : FuzzTest::load;
        Random random = new Random(SEED);
        long began = System.nanoTime(), slowest = 0, largest = 0;
        int read = 0, refused = 0, cases = head > 10_000 ? CASES / 4 : CASES;
        for (int i = 0; i < cases; i++) {
            Files.write(file, mutated(whole, random, head == 0 ? whole.length : head));
            long allocated = THREADS.getCurrentThreadAllocatedBytes(), start = System.nanoTime();
            try {
                reading.read(file);
                read++;
            } catch (ConvertError | ModelError | SafeTensorsError | WeightsError e) {
                refused++;
                assertThat(e.getMessage()).as("case %d of %s", i, format).isNotBlank().hasSizeLessThan(20_000)
                        .doesNotContainPattern("[\\u0000-\\u0009\\u000b-\\u001f]");
            } catch (Throwable e) {
                throw new AssertionError("case " + i + " of " + format + " (seed " + SEED + ") fails with " + e, e);
            }
            slowest = Math.max(slowest, (System.nanoTime() - start) / 1_000_000);
            largest = Math.max(largest, THREADS.getCurrentThreadAllocatedBytes() - allocated);
        }
        System.out.printf(Locale.ROOT, "fuzz %s: %d files, %d read, %d refused, slowest %d ms, most allocated %.1f MB, %.1f s%n", format, cases, read,
                refused, slowest, largest / 1e6, (System.nanoTime() - began) / 1e9);
        assertThat(read + refused).isEqualTo(cases);
        assertThat(refused).isPositive();
        assertThat(largest).as("bytes allocated for one file").isLessThan(LARGEST_ALLOCATION);
        assertThat(slowest).as("milliseconds for one file").isLessThan(LONGEST_MILLIS);
    }

    /** Opens a weight file, says what it is, and reads every tensor as conversion would. */
    private static void load(Path path) throws IOException {
        try (WeightFile file = WeightFile.open(path)) {
            Map<String, Source> tensors = KeyNames.unwrap(file.tensors());
            Architecture kind = Architecture.of(tensors);
            if (kind == Architecture.SDXL_FILE) {
                OriginalLayout.parts(tensors).values().forEach(p -> p.values().forEach(FuzzTest::drain));
                return;
            }
            if (kind.generator() != null) {
                tensors = kind.generator().modern(tensors);
                Config sizes = Config.of(path, kind.generator().sizes(tensors).toString());
                new ModelPlan(Precision.parse("f16"), new ConversionReport())
                        .whole("generator", tensors, NeededTensors.generator(kind.generator(), sizes), "mutated");
            }
            tensors.values().forEach(FuzzTest::drain);
        }
    }

    /** Reads a configuration and asks its network for the tensors that it takes. */
    private static void configure(Path path) {
        Config config = Config.read(path);
        if (config.has("hidden_size")) NeededTensors.text(config);
        else if (config.has("cross_attention_dim")) NeededTensors.unet(config);
        else NeededTensors.vae(config);
    }

    private static void drain(Source t) {
        long[] left = {t.shape().count() * t.dtype().bytes()};
        try {
            t.writeTo(new WritableByteChannel() {
                @Override public int write(ByteBuffer bytes) {
                    int n = bytes.remaining();
                    left[0] -= n;
                    bytes.position(bytes.limit());
                    return n;
                }

                @Override public boolean isOpen() { return true; }

                @Override public void close() { }
            });
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        if (left[0] != 0) throw new AssertionError(t.name() + " gave " + left[0] + " bytes too few");
    }

    /** One to four changes, nearly all of them in the first {@code head} bytes, where a file describes itself. */
    private static byte[] mutated(byte[] whole, Random random, int head) {
        byte[] b = whole.clone();
        for (int changes = 1 + random.nextInt(4); changes > 0 && b.length > 1; changes--) {
            int at = random.nextInt(random.nextInt(8) == 0 ? b.length : Math.min(head, b.length));
            int length = Math.min(1 + random.nextInt(random.nextInt(4) == 0 ? 64 : 8), b.length - at);
            switch (random.nextInt(8)) {
                case 0 -> b[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> b[at] = (byte) random.nextInt(256);
                case 2 -> b[at] = INTERESTING[random.nextInt(INTERESTING.length)];
                case 3 -> Arrays.fill(b, at, at + length, INTERESTING[random.nextInt(5)]);
                case 4 -> System.arraycopy(b, random.nextInt(b.length - length + 1), b, at, length);
                case 5 -> b = Arrays.copyOf(b, random.nextInt(4) == 0 ? at + 1 : b.length - Math.min(length, b.length - 1));
                case 6 -> b = ByteBuffer.allocate(b.length + length).put(b, 0, at).put(b, at, length).put(b, at, b.length - at).array(); // twice
                default -> b = ByteBuffer.allocate(b.length - length).put(b, 0, at).put(b, at + length, b.length - at - length).array(); // gone
            }
        }
        return b;
    }
}
