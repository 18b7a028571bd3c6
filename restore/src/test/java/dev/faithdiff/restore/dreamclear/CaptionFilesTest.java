package dev.faithdiff.restore.dreamclear;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.Compute.NumberType;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Offload;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.host.DiskCache;
import dev.faithdiff.tensor.op.Backend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** States of captions that stay on disk. */
class CaptionFilesTest {
    private static final String CAPTION = "a cat on a mat";
    @TempDir private Path dir;

    private static DreamClearModel open(Path model, Device on, NumberType type) {
        return DreamClearModel.open(new ModelFolder(model), new Compute(on, type, Offload.NONE));
    }

    private static float[] states(Path model, Device on) {
        DreamClearModel m = open(model, on, NumberType.F32);
        try (SdModel _ = m.base(); Scope _ = Scope.open()) {
            return m.captions().of(CAPTION).toFloats();
        }
    }

    /** Puts other states into the place of those that T5 gave, and gives their file. */
    private static Path replace(Path model, float[] states) {
        DreamClearModel m = open(model, Device.CPU, NumberType.F32);
        try (SdModel base = m.base()) {
            CaptionFiles files = CaptionFiles.of(base, "t5");
            files.keep(m.captions().tokens(CAPTION), states);
            return files.cache().file(files.encoder() + " " + m.captions().tokens(CAPTION), CaptionFiles.ENDING);
        }
    }

    private static String encoder(Path model, NumberType type) {
        try (SdModel base = open(model, Device.CPU, type).base()) {
            return CaptionFiles.of(base, "t5").encoder();
        }
    }

    /** What T5 has read is not read again, unless the file is damaged or the encoder another one. What does not compute keeps nothing. */
    @Test void takesThePlaceOfT5() throws IOException {
        Path model = dir.resolve("model"), kept = dir.resolve("kept"), t5 = model.resolve("t5/model.safetensors");
        new ModelFolder(TinyDreamClear.random(dir)).copyTo(model, Set.of());
        System.setProperty(CaptionFiles.PROPERTY, kept.toString());
        try {
            assertThat(states(model, Backend.device("dry"))).containsOnly(0);
            assertThat(kept).doesNotExist();
            float[] first = states(model, Device.CPU), others = new float[first.length];
            Arrays.fill(others, 0.25f);
            assertThat(kept).isDirectoryContaining("glob:**" + CaptionFiles.ENDING);
            assertThat(states(model, Device.CPU)).isEqualTo(first);
            Path file = replace(model, others);
            assertThat(states(model, Device.CPU)).as("from the file").isEqualTo(others);
            byte[] whole = Files.readAllBytes(file), damaged = whole.clone();
            damaged[damaged.length / 2] ^= 1;
            Files.write(file, damaged);
            assertThat(states(model, Device.CPU)).as("of a damaged file").isEqualTo(first);
            Files.write(file, Arrays.copyOf(whole, whole.length - 1));
            assertThat(states(model, Device.CPU)).as("of half a file").isEqualTo(first);
            assertThat(encoder(model, NumberType.BF16)).isNotEqualTo(encoder(model, NumberType.F32));
            String before = encoder(model, NumberType.F32);
            byte[] weights = Files.readAllBytes(t5);
            weights[weights.length - 1] ^= 1;
            Files.write(t5, weights);
            assertThat(encoder(model, NumberType.F32)).isNotEqualTo(before);
        } finally {
            System.setProperty(CaptionFiles.PROPERTY, "off");
        }
    }

    @Test void keepsThoseThatWereUsedLast() throws IOException {
        CaptionFiles files = new CaptionFiles(new DiskCache(dir.resolve("some")), "an encoder");
        float[] states = {1, 2, 3};
        for (int i = 0; i < CaptionFiles.MOST; i++) files.keep(List.of(i), states);
        for (int old : new int[] {5, 7}) {
            Files.setLastModifiedTime(files.cache().file("an encoder [" + old + "]", CaptionFiles.ENDING), FileTime.fromMillis(old));
        }
        assertThat(files.find(List.of(5), 3)).isEqualTo(states); // and so it was used
        files.keep(List.of(CaptionFiles.MOST), states);
        assertThat(files.find(List.of(7), 3)).isNull();
        assertThat(files.find(List.of(5), 3)).isEqualTo(states);
        assertThat(files.find(List.of(CaptionFiles.MOST), 3)).isEqualTo(states);
        try (var all = Files.list(files.cache().folder())) {
            assertThat(all).hasSize(CaptionFiles.MOST);
        }
        assertThat(files.find(List.of(5), 2)).as("of another size").isNull();
    }
}
