package dev.faithdiff.convert.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.convert.TinyCheckpoint;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of torch.save against what PyTorch holds in them, and damaged ones. */
class TorchFileTest {
    private static final Path TINY = TinyCheckpoint.PATH;
    private static final Path VARIANTS = TINY.resolve("loader-variants");

    @TempDir Path folder;

    private static JsonObject keys() throws IOException {
        return new Gson().fromJson(Files.readString(TINY.resolve("keys.json")), JsonObject.class).getAsJsonObject("FaithDiff.bin");
    }

    private static int[] sizes(JsonElement shape) {
        return shape.getAsJsonArray().asList().stream().mapToInt(JsonElement::getAsInt).toArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"odd_tensors_zip.pt", "odd_tensors_legacy.pt", "odd_tensors_pickle4.pt"})
    void oddTensorsHaveTheirContiguousValues(String name) throws IOException {
        try (TorchFile file = TorchFile.open(VARIANTS.resolve(name));
                SafeTensors expected = SafeTensors.open(VARIANTS.resolve("odd_tensors_expected.safetensors"))) {
            List<String> names = expected.entries().keySet().stream().map(k -> "params_ema." + k).toList();
            assertThat(file.entries().keySet()).containsExactlyInAnyOrderElementsOf(names);
            for (SafeTensors.Entry e : expected.entries().values()) {
                TorchFile.Entry actual = file.entries().get("params_ema." + e.name());
                assertThat(actual.dtype()).as(e.name()).isEqualTo(e.dtype());
                assertThat(actual.shape()).as(e.name()).isEqualTo(e.shape());
                assertThat(TinyCheckpoint.bytes(actual)).as(e.name()).isEqualTo(e.data().toArray(ValueLayout.JAVA_BYTE));
            }
            assertThat(file.entries().get("params_ema.transposed_view").tensor().contiguous()).isFalse();
            assertThat(file.entries().get("params_ema.shared_a").tensor().storage())
                    .isSameAs(file.entries().get("params_ema.shared_b").tensor().storage());
        }
    }

    @Test
    void faithDiffBinHasItsListOfKeys() throws IOException {
        try (TorchFile file = TorchFile.open(TINY.resolve("FaithDiff.bin"))) {
            Map<String, JsonElement> keys = keys().asMap();
            assertThat(file.entries().keySet()).containsExactlyElementsOf(keys.keySet());
            file.entries().forEach((name, e) -> assertThat(e.shape().toArray()).as(name).isEqualTo(sizes(keys.get(name))));
        }
    }

    @Test
    void legacyFileHoldsTheValuesOfTheZipFile() throws IOException {
        try (TorchFile legacy = TorchFile.open(VARIANTS.resolve("faithdiff_extra_legacy.bin"));
                TorchFile zip = TorchFile.open(TINY.resolve("FaithDiff.bin"))) {
            assertThat(legacy.entries()).hasSize(32);
            for (TorchFile.Entry e : legacy.entries().values()) {
                assertThat(TinyCheckpoint.bytes(e)).as(e.name()).isEqualTo(TinyCheckpoint.bytes(zip.entries().get(e.name())));
            }
        }
    }

    @Tag("full")
    @ParameterizedTest
    @CsvSource({"odd_tensors_legacy.pt, 1", "odd_tensors_zip.pt, 7"})
    void truncatedAnywhereIsRefused(String name, int step) throws IOException {
        byte[] whole = Files.readAllBytes(VARIANTS.resolve(name));
        Path cut = folder.resolve("cut.pt");
        for (int n = 0; n < whole.length; n += step) {
            Files.write(cut, Arrays.copyOf(whole, n));
            try (TorchFile file = TorchFile.open(cut)) {
                throw new AssertionError(n + " bytes were read as " + file.entries().keySet());
            } catch (ConvertError e) {
                assertThat(e).hasMessageStartingWith(cut.toString());
            }
        }
    }

    /** A damaged byte gives an error or other values, never another kind of failure. */
    @Tag("full")
    @ParameterizedTest
    @CsvSource({"odd_tensors_legacy.pt, 3", "odd_tensors_zip.pt, 7", "odd_tensors_pickle4.pt, 7"})
    void damagedBytesAreRefusedOrHarmless(String name, int step) throws IOException {
        byte[] whole = Files.readAllBytes(VARIANTS.resolve(name));
        Path damaged = folder.resolve("damaged.pt");
        for (int n = 0; n < whole.length; n += step) {
            byte[] copy = whole.clone();
            copy[n] ^= (byte) (n % 2 == 0 ? 0xff : 0x01);
            Files.write(damaged, copy);
            try (TorchFile file = TorchFile.open(damaged)) {
                for (TorchFile.Entry e : file.entries().values()) {
                    assertThat(TinyCheckpoint.bytes(e)).hasSize((int) e.shape().count() * e.dtype().bytes());
                }
            } catch (ConvertError e) {
                assertThat(e).hasMessageStartingWith(damaged.toString()).satisfies(x -> assertThat(x.getMessage()).doesNotContain("\n"));
            }
        }
    }

    @Test
    void whatIsNoCheckpointIsNamed() throws IOException {
        Path file = folder.resolve("x.bin");
        assertThatThrownBy(() -> TorchFile.open(file)).hasMessageContaining("does not exist");
        assertThatThrownBy(() -> TorchFile.open(folder)).hasMessageContaining("is not a regular file");
        Files.writeString(file, "version https://git-lfs.github.com/spec/v1\n");
        assertThatThrownBy(() -> TorchFile.open(file)).hasMessageContaining("Git LFS pointer");
        Files.writeString(file, "<html>");
        assertThatThrownBy(() -> TorchFile.open(file)).hasMessageContaining("is not a file of torch.save");
        Files.write(file, PickleBytes.protocol(2).op('c').ascii("os\nsystem\n").text("ls").op(0x85, 'R', '.').bytes());
        assertThatThrownBy(() -> TorchFile.open(file)).hasMessageContaining("asks for os.system");
        Files.write(file, PickleBytes.protocol(2).op('}', '.').bytes());
        assertThatThrownBy(() -> TorchFile.open(file)).hasMessageContaining("is a pickle but not a file of torch.save");
    }

    /** A file in the old format without storages; the pickle may name {@code torch.FloatStorage} but must not need its elements. */
    private Path legacy(PickleBytes content) throws IOException {
        PickleBytes file = PickleBytes.protocol(2).op(0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.');
        file.op(0x80, 2, 'M', 0xe9, 3, '.', 0x80, 2, '}', '.');
        Path path = folder.resolve("legacy.bin");
        byte[] start = file.bytes(), middle = content.op('.').bytes(), end = PickleBytes.protocol(2).op(']', '.').bytes();
        Files.write(path, ByteBuffer.allocate(start.length + middle.length + end.length).put(start).put(middle).put(end).array());
        return path;
    }

    private void refused(PickleBytes content, String reason) throws IOException {
        Path path = legacy(content);
        assertThatThrownBy(() -> TorchFile.open(path).close()).isInstanceOf(ConvertError.class)
                .hasMessageStartingWith(path + ": ").hasMessageContaining(reason);
    }

    /** A dict with one tensor of a storage of six floats. */
    private static PickleBytes tensor(int count, int offset, int size, int stride) {
        return PickleBytes.protocol(2).op('}').text("t").op('c').ascii("torch._utils\n_rebuild_tensor_v2\n").op('(', '(').text("storage").op('c')
                .ascii("torch\nFloatStorage\n").text("0").text("cpu").op('J').int32(count).op('t', 'Q', 'J').int32(offset)
                .op('J').int32(size).op(0x85, 'J').int32(stride).op(0x85, 0x89, '}', 't', 'R', 's');
    }

    @Test
    void viewsStayInTheirStorage() throws IOException {
        refused(tensor(6, 0, 6, 1), "storage 0 is missing");
        refused(tensor(6, 1, 6, 1), "a tensor in storage 0 passes the end of its storage of 6 elements (shape [6], offset 1)");
        refused(tensor(6, -1, 6, 1), "passes the end");
        refused(tensor(6, 0, 3, 3), "passes the end");
        refused(tensor(6, 0, 6, -1), "has a size or stride that is negative or too large");
        refused(tensor(6, 0, -6, 1), "has a size or stride that is negative or too large");
        refused(tensor(-6, 0, 6, 1), "claims -6 elements");
        refused(tensor(6, 0, 2_000_000_000, 0), "is expanded to [2000000000] of few elements");
    }

    @Test
    void containersThatNeverEndAreRefused() throws IOException {
        refused(PickleBytes.protocol(2).op('}', 'q', 0).text("again").op('h', 0, 's'), "is nested too deeply");
        PickleBytes laughs = PickleBytes.protocol(2).op(']', 'q', 0, '0');
        for (int i = 1; i < 9; i++) laughs.op(']', '(').repeat(10, 'h', i - 1).op('e', 'q', i, '0');
        refused(laughs.op('}').text("ha").op('h', 8, 's'), "holds more than 1000000 values");
        PickleBytes copies = PickleBytes.protocol(2).op('c').ascii("_codecs\nencode\n").op('q', 0, '0');
        copies.text("x".repeat(1 << 16)).op(0x85, 'q', 1, '0', ']');
        refused(copies.repeat(300, 'h', 0, 'h', 1, 'R', 'a'), "copies more than 16777216 values");
    }
}
