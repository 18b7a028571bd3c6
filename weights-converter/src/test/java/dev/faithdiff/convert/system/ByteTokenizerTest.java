package dev.faithdiff.convert.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.faithdiff.model.Config;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The tokenizer of models of random weights. */
class ByteTokenizerTest {
    @Test
    void hasEveryByteOnce() {
        Map<String, byte[]> files = ByteTokenizer.files("t", 49408, "!");
        JsonObject vocabulary = Config.of(Path.of("vocab.json"), new String(files.get("t/vocab.json"), StandardCharsets.UTF_8)).json();
        assertThat(vocabulary.size()).isEqualTo(514);
        assertThat(vocabulary.get("!").getAsInt()).isZero();
        assertThat(vocabulary.get("<|endoftext|>").getAsInt()).isEqualTo(49407);
    }
}
