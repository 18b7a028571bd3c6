package dev.faithdiff.networks.t5;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What T5 reads: captions cleaned and cut into pieces as published, and distances in buckets. */
class T5TextTest {
    private static final Path FOLDER = Fixtures.path("dreamclear/checkpoint/t5-v1_1-tiny"), FILE = FOLDER.resolve("spiece.model");
    private static final JsonObject CASES = Fixtures.json("dreamclear/text_cases.json");

    private static int[] ids(JsonElement list) { return list.getAsJsonArray().asList().stream().mapToInt(JsonElement::getAsInt).toArray(); }

    @Test void cleansCaptions() {
        JsonArray cases = CASES.getAsJsonArray("cleaning");
        assertThat(cases).isNotEmpty();
        for (JsonElement e : cases) {
            JsonObject c = e.getAsJsonObject();
            String once = CaptionCleaning.clean(c.get("text").getAsString());
            assertThat(once).as(c.toString()).isEqualTo(c.get("once").getAsString());
            assertThat(CaptionCleaning.clean(once)).as(c.toString()).isEqualTo(c.get("twice").getAsString());
        }
        assertThat(CaptionCleaning.clean("100% & 5 %zz")).isEqualTo("100% 5 %zz");
    }

    @Test void cutsTextsIntoPieces() {
        UnigramTokenizer tokenizer = UnigramTokenizer.read(FILE);
        JsonArray cases = CASES.getAsJsonArray("tokenizer");
        assertThat(cases).isNotEmpty();
        for (JsonElement e : cases) {
            JsonObject c = e.getAsJsonObject();
            assertThat(tokenizer.pieces(c.get("text").getAsString())).as(c.toString()).isEqualTo(ids(c.get("ids")));
        }
    }

    @Test void endsTexts() {
        UnigramTokenizer tokenizer = UnigramTokenizer.read(FILE);
        int[] pieces = tokenizer.pieces("the cat"), whole = tokenizer.encode("the cat", 120);
        assertThat(whole).hasSize(pieces.length + 1).startsWith(pieces).endsWith(UnigramTokenizer.END);
        assertThat(tokenizer.encode("the cat", 2)).containsExactly(pieces[0], UnigramTokenizer.END);
        assertThat(tokenizer.encode("", 120)).containsExactly(UnigramTokenizer.END);
    }

    @Test void findsBuckets() {
        T5Config c = T5Config.of(Config.read(FOLDER.resolve("config.json")));
        long[] stored = Fixtures.open("dreamclear/stages/t5.safetensors").longs("bucket_of_minus160_to_160");
        for (int i = 0; i < stored.length; i++) assertThat(c.bucket(i - stored.length / 2)).as("distance " + (i - 160)).isEqualTo((int) stored[i]);
    }

    @Test void refusesWhatIsNoTokenizer(@TempDir Path dir) throws IOException {
        byte[] whole = Files.readAllBytes(FILE);
        Random random = new Random(7);
        for (int i = 0; i < 100; i++) {
            byte[] damaged = whole.clone();
            for (int j = 0; j < 20; j++) damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            Path file = Files.write(dir.resolve("damaged"), damaged);
            try {
                UnigramTokenizer.read(file).pieces("a text with caf\u00e9 \u2460");
            } catch (ModelError e) {
                assertThat(e).hasMessageContaining("damaged");
            }
        }
        assertThatThrownBy(() -> UnigramTokenizer.read(dir.resolve("none"))).isInstanceOf(ModelError.class);
    }
}
