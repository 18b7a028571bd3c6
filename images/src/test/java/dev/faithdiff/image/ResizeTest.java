package dev.faithdiff.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.file.ImageFiles;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class ResizeTest {
    static List<Path> resized() { return ReferenceImages.resized(); }

    static List<ReferenceImages.Run> runs() { return ReferenceImages.runs(); }

    @ParameterizedTest @MethodSource("resized")
    void equalsPillow(Path file) {
        Image input = ImageFiles.read(ReferenceImages.RESIZE.resolve("input.png"));
        String[] words = file.getFileName().toString().replace(".png", "").split("_");
        Image expected = ImageFiles.read(file);
        String last = words[words.length - 1];
        Image actual;
        if (words[0].equals("padded")) {
            actual = input.padTo(Integer.parseInt(last));
        } else {
            boolean factor = last.startsWith("x");
            int width = factor ? input.width() * Integer.parseInt(last.substring(1)) : Integer.parseInt(last.split("x")[0]);
            int height = factor ? input.height() * Integer.parseInt(last.substring(1)) : Integer.parseInt(last.split("x")[1]);
            actual = Resize.resize(input, width, height, Filter.valueOf(words[0].toUpperCase(Locale.ROOT)));
        }
        assertThat(actual.width()).isEqualTo(expected.width());
        assertThat(actual.height()).isEqualTo(expected.height());
        assertThat(actual.rgb()).isEqualTo(expected.rgb());
    }

    @ParameterizedTest @MethodSource("runs")
    void preparesThePipelinesInput(ReferenceImages.Run run) {
        Image enlarged = run.enlarged();
        assertThat(enlarged.width()).isEqualTo(run.size("width_init"));
        assertThat(enlarged.height()).isEqualTo(run.size("height_init"));
        assertThat(enlarged.padTo(8)).isEqualTo(run.image("input_padded"));
    }

    @ParameterizedTest @EnumSource(Filter.class)
    void keepsOneColourAtExtremeSizes(Filter filter) {
        byte[] pixels = new byte[3 * 20000];
        Arrays.fill(pixels, (byte) 200);
        Image line = Image.of(20000, 1, pixels);
        for (int[] size : new int[][]{{1, 1}, {7, 5}, {20000, 1}, {20000, 2}, {1, 3000}}) {
            Image resized = Resize.resize(line, size[0], size[1], filter);
            assertThat(resized.width()).isEqualTo(size[0]);
            for (byte b : resized.rgb()) assertThat(b).isEqualTo((byte) 200);
        }
        assertThat(Resize.resize(Image.of(1, 1, new byte[]{1, 2, 3}), 2, 2, filter).rgb()).containsExactly(1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3);
    }

    @Test
    void refusesSizesThatCannotBe() {
        Image dot = Image.of(1, 1, new byte[3]);
        assertThatThrownBy(() -> Resize.resize(dot, 0, 5, Filter.LANCZOS))
                .isInstanceOf(ImageError.class).hasMessageContaining("0x5");
        assertThatThrownBy(() -> Resize.resize(dot, 40000, 40000, Filter.LANCZOS))
                .isInstanceOf(ImageError.class).hasMessageContaining("4800000000 bytes");
        assertThatThrownBy(() -> Resize.resize(dot, 40000, 40000, Filter.NEAREST))
                .isInstanceOf(ImageError.class).hasMessageContaining("4800000000 bytes");
    }
}
