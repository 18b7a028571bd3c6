package dev.faithdiff.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of torch.save against what PyTorch holds in them, and damaged ones. */
class TorchFileTest {
    static final Path TINY = Path.of(System.getProperty("fixtures.dir"), "checkpoint-tiny");
    private static final Path VARIANTS = TINY.resolve("loader-variants");

    @TempDir Path folder;

    static byte[] bytes(Source s) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        s.writeTo(Channels.newChannel(out));
        return out.toByteArray();
    }

    private static JsonObject keys() throws IOException {
        return new Gson().fromJson(Files.readString(TINY.resolve("keys.json")), JsonObject.class).getAsJsonObject("FaithDiff.bin");
    }

    private static int[] sizes(JsonElement shape) {
        return shape.getAsJsonArray().asList().stream().mapToInt(JsonElement::getAsInt).toArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"odd_tensors_zip.pt", "odd_tensors_legacy.pt", "odd_tensors_pickle4.pt"})
    void oddTensorsHaveTheirContiguousValues(String name) throws IOException {
        try (TorchFile file = TorchFile.open(VARIANTS.resolve(name)); SafeTensors expected = SafeTensors.open(VARIANTS.resolve("odd_tensors_expected.safetensors"))) {
            assertThat(file.entries().keySet()).containsExactlyInAnyOrderElementsOf(expected.entries().keySet().stream().map(k -> "params_ema." + k).toList());
            for (SafeTensors.Entry e : expected.entries().values()) {
                TorchFile.Entry actual = file.entries().get("params_ema." + e.name());
                assertThat(actual.dtype()).as(e.name()).isEqualTo(e.dtype());
                assertThat(actual.shape()).as(e.name()).isEqualTo(e.shape());
                assertThat(bytes(actual)).as(e.name()).isEqualTo(e.data().toArray(ValueLayout.JAVA_BYTE));
            }
            assertThat(file.entries().get("params_ema.transposed_view").tensor().contiguous()).isFalse();
            assertThat(file.entries().get("params_ema.shared_a").tensor().storage()).isSameAs(file.entries().get("params_ema.shared_b").tensor().storage());
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
        try (TorchFile legacy = TorchFile.open(VARIANTS.resolve("faithdiff_extra_legacy.bin")); TorchFile zip = TorchFile.open(TINY.resolve("FaithDiff.bin"))) {
            assertThat(legacy.entries()).hasSize(32);
            for (TorchFile.Entry e : legacy.entries().values()) assertThat(bytes(e)).as(e.name()).isEqualTo(bytes(zip.entries().get(e.name())));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"odd_tensors_zip.pt", "odd_tensors_legacy.pt"})
    void truncatedAtEveryByteIsRefused(String name) throws IOException {
        byte[] whole = Files.readAllBytes(VARIANTS.resolve(name));
        Path cut = folder.resolve("cut.pt");
        for (int n = 0; n < whole.length; n++) {
            Files.write(cut, Arrays.copyOf(whole, n));
            assertThatThrownBy(() -> TorchFile.open(cut).close()).as("%d bytes", n).isInstanceOf(ConvertError.class);
        }
    }

    /** A damaged byte gives an error or other values, never another kind of failure. */
    @ParameterizedTest
    @ValueSource(strings = {"odd_tensors_zip.pt", "odd_tensors_legacy.pt", "odd_tensors_pickle4.pt"})
    void everyDamagedByteIsRefusedOrHarmless(String name) throws IOException {
        byte[] whole = Files.readAllBytes(VARIANTS.resolve(name));
        Path damaged = folder.resolve("damaged.pt");
        for (int n = 0; n < whole.length; n++) {
            for (int change : new int[] {n % 2 == 0 ? 0xff : 0x01}) {
                byte[] copy = whole.clone();
                copy[n] ^= (byte) change;
                Files.write(damaged, copy);
                try (TorchFile file = TorchFile.open(damaged)) {
                    for (TorchFile.Entry e : file.entries().values()) assertThat(bytes(e)).hasSize((int) e.shape().count() * e.dtype().bytes());
                } catch (ConvertError e) {
                    assertThat(e).hasMessageStartingWith(damaged.toString()).satisfies(x -> assertThat(x.getMessage()).doesNotContain("\n"));
                }
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
}
