package dev.faithdiff.networks.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.model.ModelError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tokenizer against SentencePiece. */
class PieceTokenizerTest {
    private static final Path FILE = Fixtures.path("llava/llava-v1.5-tiny/tokenizer.model");
    private static final JsonObject CASES = Fixtures.json("llava/tokenizer_cases.json");
    private final PieceTokenizer tokenizer = PieceTokenizer.read(FILE);

    private static int[] ids(JsonElement list) { return list.getAsJsonArray().asList().stream().mapToInt(JsonElement::getAsInt).toArray(); }

    @Test void readsThePieces() {
        List<PieceFile.Piece> pieces = PieceFile.read(FILE).pieces();
        JsonArray stored = CASES.getAsJsonArray("pieces");
        assertThat(pieces).hasSameSizeAs(stored);
        for (int i = 0; i < pieces.size(); i++) {
            assertThat(pieces.get(i).text()).isEqualTo(stored.get(i).getAsJsonArray().get(0).getAsString());
            assertThat(pieces.get(i).score()).isEqualTo(stored.get(i).getAsJsonArray().get(1).getAsFloat());
        }
        assertThat(tokenizer.size()).isEqualTo(pieces.size());
    }

    @Test void encodes() {
        JsonArray cases = CASES.getAsJsonArray("encode");
        assertThat(cases).isNotEmpty();
        for (JsonElement c : cases) {
            String text = c.getAsJsonObject().get("text").getAsString();
            assertThat(tokenizer.encode(text)).as(text).isEqualTo(ids(c.getAsJsonObject().get("ids")));
        }
    }

    @Test void decodes() {
        JsonArray cases = CASES.getAsJsonArray("decode");
        assertThat(cases).isNotEmpty();
        for (JsonElement c : cases) {
            int[] ids = ids(c.getAsJsonObject().get("ids"));
            assertThat(tokenizer.decode(ids)).as(c.toString()).isEqualTo(c.getAsJsonObject().get("text_skip_special").getAsString());
        }
    }

    @Test void refusesWhatIsNoTokenizer(@TempDir Path dir) throws IOException {
        assertThatThrownBy(() -> PieceTokenizer.read(dir.resolve("none"))).isInstanceOf(ModelError.class);
        byte[] whole = Files.readAllBytes(FILE);
        Random random = new Random(3);
        for (int i = 0; i < 200; i++) {
            byte[] damaged = whole.clone();
            for (int j = 0; j < 4; j++) damaged[random.nextInt(2000)] = (byte) random.nextInt(256);
            Path file = Files.write(dir.resolve("damaged"), damaged);
            try {
                PieceTokenizer.read(file).encode("a text");
            } catch (ModelError e) {
                assertThat(e).hasMessageContaining("damaged");
            }
        }
    }
}
