package dev.faithdiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.nn.LoraFile;
import dev.faithdiff.nn.WeightsError;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Compute.NumberType;
import dev.faithdiff.restore.Offload;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model with LoRAs: added while it is read, and merged by the converter. */
@Tag("full")
class LoraModelTest {
    private static final String FIRST = Fixtures.path("lora/kohya.safetensors") + ":0.7";
    private static final String SECOND = Fixtures.path("lora/kohya_locon.safetensors") + ":-0.5";

    @TempDir Path dir;

    private static Compute with(String... loras) {
        return new Compute(Device.CPU, NumberType.F32, Offload.NONE, List.of(loras).stream().map(LoraFile::of).toList(), false);
    }

    @Test void addedAndMergedAreTheSame() {
        Path merged = dir.resolve("merged");
        String checkpoint = Fixtures.path("checkpoint-tiny").toString();
        int code = dev.faithdiff.convert.Main.run("convert", checkpoint, "-o", merged.toString(), "--lora", FIRST, "--lora", SECOND);
        assertThat(code).isZero();
        try (Model a = Model.open(new ModelFolder(TinyModel.folder()), with(FIRST, SECOND)); Model b = Model.open(merged, Device.CPU);
                Model plain = Model.open(TinyModel.folder(), Device.CPU); Scope _ = Scope.open()) {
            Map<String, Tensor> added = a.parameters(""), converted = b.parameters("");
            int[] changed = {0};
            added.forEach((key, t) -> {
                assertThat(t.toFloats()).as(key).isEqualTo(converted.get(key).toFloats());
                if (!Arrays.equals(t.toFloats(), plain.parameters("").get(key).toFloats())) changed[0]++;
            });
            assertThat(changed[0]).isGreaterThan(20);
            assertThat(a.text.encode("a cat").states().toFloats()).isEqualTo(b.text.encode("a cat").states().toFloats())
                    .isNotEqualTo(plain.text.encode("a cat").states().toFloats());
            assertThat(List.of(a.digest(), b.digest(), plain.digest())).doesNotHaveDuplicates();
        }
    }

    @Test void whatDoesNotFitIsNamed() {
        assertThatThrownBy(() -> Model.open(new ModelFolder(PatchedModel.SMALL), with(FIRST))).isInstanceOf(WeightsError.class)
                .hasMessageContaining("is for the first text encoder, which the model has not");
        assertThatThrownBy(() -> Model.open(new ModelFolder(TinyModel.folder()), with(Fixtures.path("lora/kohya_pickle.pt").toString())))
                .hasMessageContaining("is a pickle of PyTorch").hasMessageContaining("'faithdiff convert --lora' reads it");
        Path generator = Path.of(System.getProperty("faithdiff.home"), "models", "realesr-general-x4v3");
        assertThatThrownBy(() -> Restorers.open(generator, with(FIRST))).hasMessageContaining("to which no LoRA can be added");
        assertThat(LoraFile.of("a:b.safetensors")).isEqualTo(new LoraFile(Path.of("a:b.safetensors"), 1));
        assertThat(LoraFile.of("a.safetensors:-.5")).isEqualTo(new LoraFile(Path.of("a.safetensors"), -0.5f));
    }
}
