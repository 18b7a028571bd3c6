package dev.faithdiff.image.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.ImageError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Captions beside photos, for restoring and for training. */
class CaptionTest {
    @TempDir private Path dir;
    private Path photo, text, json;

    @BeforeEach void names() {
        photo = dir.resolve("photo.v1.jpg");
        text = dir.resolve("photo.v1.txt");
        json = dir.resolve("photo.v1.json");
    }

    @Test void aTextGoesBeforeJson() throws IOException {
        assertThat(Caption.of(photo)).isNull();
        Files.writeString(json, "{\"caption\": \"a red car\"}");
        Files.writeString(text, " a cat\n");
        assertThat(Caption.of(photo)).isEqualTo("a cat");
        Files.writeString(text, "\n");
        assertThat(Caption.of(photo)).as("a caption, too").isEmpty();
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '\'', value = {"'{\"title\": 3, \"caption\": \" a red car \"}'", "'{\"prompt\": \"a red car\"}'", "'\"a red car\"'",
        "'{\"prompt\": \"a bus\", \"caption\": \"a red car\"}'", "'{\"caption\": null, \"prompt\": \"a red car\"}'"})
    void jsonHoldsACaption(String content) throws IOException {
        Files.writeString(json, content);
        assertThat(Caption.of(photo)).isEqualTo("a red car");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{\"camera\": {}}", "{\"caption\": [1]}", "[]", "null", ""})
    void jsonOfAnotherProgramHoldsNone(String content) throws IOException {
        Files.writeString(json, content);
        assertThat(Caption.of(photo)).isNull();
    }

    @Test void whatCannotBeReadIsNamed() throws IOException {
        Files.writeString(json, "{\"caption\": ");
        fails(json, "no JSON");
        Files.write(json, new byte[] {(byte) 0xff, (byte) 0xc0});
        fails(json, "no UTF-8");
        Files.write(text, new byte[] {(byte) 0xff, (byte) 0xc0});
        fails(text, "no UTF-8");
    }

    private void fails(Path file, String why) {
        assertThatThrownBy(() -> Caption.of(photo)).isInstanceOf(ImageError.class).hasMessageContaining(file.toString()).hasMessageContaining(why);
    }
}
