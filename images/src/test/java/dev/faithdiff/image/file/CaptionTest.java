package dev.faithdiff.image.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
        assertThat(Caption.of(photo)).isEqualTo(Caption.NONE);
        Files.writeString(json, "{\"caption\": \"a red car\"}");
        Files.writeString(text, " a cat\n");
        assertThat(Caption.of(photo)).isEqualTo(new Caption("a cat", List.of()));
        Files.writeString(text, "\n");
        assertThat(Caption.of(photo).text()).as("a caption, too").isEmpty();
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '\'', value = {"'{\"title\": 3, \"caption\": \" a red car \"}'", "'{\"prompt\": \"a red car\"}'", "'\"a red car\"'",
        "'{\"prompt\": \"a bus\", \"caption\": \"a red car\"}'", "'{\"caption\": null, \"prompt\": \"a red car\"}'"})
    void jsonHoldsACaption(String content) throws IOException {
        Files.writeString(json, content);
        assertThat(Caption.of(photo).text()).isEqualTo("a red car");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{\"camera\": {}}", "{\"caption\": [1]}", "[]", "null", ""})
    void jsonOfAnotherProgramHoldsNone(String content) throws IOException {
        Files.writeString(json, content);
        assertThat(Caption.of(photo)).isEqualTo(Caption.NONE);
    }

    /** Notepad of Windows: "Unicode", "Unicode big endian", "UTF-8 with BOM", "ANSI". */
    @ParameterizedTest
    @CsvSource({"UTF-16LE, \uFEFF, false", "UTF-16BE, \uFEFF, false", "UTF-8, \uFEFF, false", "UTF-8, '', false", "windows-1252, '', true"})
    void otherEncodingsAreRead(String charset, String mark, boolean said) throws IOException {
        Files.write(text, (mark + "M\u00e4dchen am Fu\u00df\r\n").getBytes(Charset.forName(charset)));
        assertThat(Caption.of(photo).text()).isEqualTo("M\u00e4dchen am Fu\u00df");
        assertThat(Caption.of(photo).remarks()).hasSize(said ? 1 : 0).allMatch(r -> r.contains(text.toString()) && r.contains("Windows-1252"));
    }

    @Test void whatIsNoTextIsNotUsed() throws IOException {
        Files.writeString(json, "{\"caption\": ");
        skipped(json, "no JSON");
        Files.write(text, "a cat".getBytes(StandardCharsets.UTF_16LE));
        skipped(text, "no text");
        Files.write(text, new byte[2 << 20]);
        skipped(text, "more than");
    }

    private void skipped(Path file, String why) {
        assertThat(Caption.of(photo).text()).isNull();
        assertThat(Caption.of(photo).remarks()).singleElement().asString().contains(file.toString(), why);
    }
}
