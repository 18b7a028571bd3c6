package dev.faithdiff.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Settings are read as they are meant, or refused with one line that names file and setting. */
class ConfigTest {
    @TempDir Path folder;

    private static Config of(String json) { return Config.of(Path.of("c.json"), json.replace('\'', '"')); }

    private static void refused(String json, Consumer<Config> reading, String message) {
        assertThatThrownBy(() -> reading.accept(of(json))).isInstanceOf(ModelError.class).hasMessage("c.json: " + message);
    }

    @Test
    void valuesOfEachKind() {
        Config c = of("{'n': 7, 'x': 0.5, 'flag': false, 'text': 'a', 'list': [1, 2], 'words': ['a', 'b'], 'inner': {'n': 3}, 'none': null}");
        assertThat(c.integer("n")).isEqualTo(7);
        assertThat(c.number("x")).isEqualTo(0.5);
        assertThat(c.flag("flag", true)).isFalse();
        assertThat(c.text("text")).isEqualTo("a");
        assertThat(c.integers("list")).containsExactly(1, 2);
        assertThat(c.integers("n")).containsExactly(7);
        assertThat(c.integers("n", 3)).containsExactly(7, 7, 7);
        assertThat(c.texts("words")).containsExactly("a", "b");
        assertThat(c.at("inner").integer("n")).isEqualTo(3);
        assertThat(c.has("none")).isFalse();
        assertThat(c.integer("none", 5)).isEqualTo(5);
        c.json().remove("n");
        assertThat(c.integer("n")).isEqualTo(7);
    }

    @Test
    void wrongValuesAreNamed() {
        refused("{}", c -> c.integer("n"), "'n' is missing");
        refused("{'n': null}", c -> c.integer("n"), "'n' is missing");
        refused("{'n': 1000001}", c -> c.integer("n"), "'n' must be a whole number from 0 to 1000000, not 1000001");
        refused("{'n': 1e999}", c -> c.integer("n"), "'n' must be a whole number from 0 to 1000000, not 1e999");
        refused("{'n': '7'}", c -> c.integer("n"), "'n' must be a whole number from 0 to 1000000, not \"7\"");
        refused("{'n': 0}", c -> c.positive("n"), "'n' must be a whole number from 1 to 1000000, not 0");
        refused("{'x': 1e999}", c -> c.number("x"), "'x' must be a number");
        refused("{'flag': 'true'}", c -> c.flag("flag", false), "'flag' must be true or false");
        refused("{'text': []}", c -> c.text("text"), "'text' must be a text");
        refused("{'list': [1, 2]}", c -> c.integers("list", 3), "'list' must be a list of 3");
        refused("{'list': []}", c -> c.integers("list"), "'list' must be a list of 1 to 64");
        refused("{'list': [0]}", c -> c.integers("list"), "'list' must be a whole number from 1 to 1000000, not 0");
        refused("{'words': 'a'}", c -> c.texts("words"), "'words' must be a list of 1 to 64");
        refused("{'words': [{}]}", c -> c.texts("words"), "'words' must be a list of texts");
        refused("{'inner': 3}", c -> c.at("inner"), "'inner' must be an object");
        refused("{'kind': 'a\\n\\u0007b'}", c -> c.require("kind", "a"), "'kind' must be 'a' (this model has 'a??b')");
        refused("{'n': 3}", c -> c.checked(() -> { throw new IllegalArgumentException("a square has 4 sides, not 3"); }),
                "a square has 4 sides, not 3");
    }

    @Test
    void longTextsFromAFileAreCut() {
        assertThatThrownBy(() -> of("{'kind': '" + "x".repeat(5000) + "'}").require("kind", "a")).message().hasSizeLessThan(300);
        assertThatThrownBy(() -> of("{'n': " + "9".repeat(5000) + "}").integer("n")).message().hasSizeLessThan(300);
    }

    @Test
    void filesThatCannotBeReadAreNamed() throws IOException {
        Path file = folder.resolve("config.json");
        assertThatThrownBy(() -> Config.read(file)).isInstanceOf(ModelError.class).hasMessage(file + ": there is no such file");
        for (String text : new String[] {"[]", "3", ""}) {
            Files.writeString(file, text);
            assertThatThrownBy(() -> Config.read(file)).isInstanceOf(ModelError.class).hasMessage(file + ": is not a JSON object");
        }
        Files.writeString(file, "{\"n\": ");
        assertThatThrownBy(() -> Config.read(file)).isInstanceOf(ModelError.class).hasMessage(file + ": is not valid JSON");
        Files.writeString(file, "[".repeat(100_000));
        assertThatThrownBy(() -> Config.read(file)).isInstanceOf(ModelError.class).hasMessage(file + ": is not valid JSON");
        Files.write(file, new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}'});
        assertThatThrownBy(() -> Config.read(file)).isInstanceOf(ModelError.class).hasMessage(file + ": is not UTF-8");
        try (RandomAccessFile large = new RandomAccessFile(file.toFile(), "rw")) {
            large.setLength((16 << 20) + 1);
        }
        assertThatThrownBy(() -> Config.read(file)).isInstanceOf(ModelError.class).hasMessage(file + ": is larger than 16 MB");
    }
}
