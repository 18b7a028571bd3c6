package dev.faithdiff.networks.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.Fixtures;
import dev.faithdiff.model.ModelError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class ClipTokenizerTest {
    private static final Path SDXL = Fixtures.path("checkpoint-tiny/sdxl");

    private final ClipTokenizer first = ClipTokenizer.open(SDXL.resolve("tokenizer"));
    private final ClipTokenizer second = ClipTokenizer.open(SDXL.resolve("tokenizer_2"));

    @TestFactory
    Stream<DynamicTest> givesTheIdsOfThePublishedTokenizer() throws IOException {
        var prompts = JsonParser.parseString(Files.readString(Fixtures.path("stages/prompts.json"))).getAsJsonObject();
        return prompts.getAsJsonArray("prompts").asList().stream().map(JsonElement::getAsJsonObject).flatMap(p -> Stream.of(
                fixture(first, p, "tokenizer"), fixture(second, p, "tokenizer_2")));
    }

    private static DynamicTest fixture(ClipTokenizer tokenizer, JsonObject fixture, String key) {
        var prompt = fixture.get("prompt").getAsString();
        return DynamicTest.dynamicTest(key + ": " + prompt, () -> {
            assertThat(tokenizer.encode(prompt)).containsExactly(ints(fixture.getAsJsonArray(key)));
            assertThat(tokenizer.tokens(prompt).length + 2).isEqualTo(fixture.get(key + "_untruncated_length").getAsInt());
        });
    }

    private static int[] ints(JsonArray array) { return array.asList().stream().mapToInt(JsonElement::getAsInt).toArray(); }

    @Test
    void emptyAndBlankPromptsAreOnlyMarks() {
        assertThat(first.tokens("")).isEmpty();
        assertThat(first.encode(" \n\t \u3000")).isEqualTo(first.encode("")).hasSize(ClipTokenizer.LENGTH);
    }

    @Test
    void exclamationMarkIsPaddingInTheSecondTokenizerOnly() {
        int padding = second.encode("")[76];
        assertThat(second.tokens("!!!")).containsExactly(padding, padding, padding);
        assertThat(second.tokens("ca!t")).containsExactly(join(second.tokens("ca"), new int[] {padding}, second.tokens("t")));
        assertThat(first.tokens("!!!")).isNotEqualTo(second.tokens("!!!"));
        assertThat(second.tokens("\uFF01")).as("a full-width mark is found too late to be special").isEqualTo(first.tokens("!"));
    }

    @Test
    void marksInAPromptAreMarks() {
        int[] empty = first.encode("");
        var expected = join(first.tokens("a"), new int[] {empty[1]}, first.tokens("b"), new int[] {empty[0]});
        assertThat(first.tokens("a<|endoftext|>b <|startoftext|>")).containsExactly(expected);
        assertThat(first.tokens("a<|EndOfText|>b <|STARTOFTEXT|>")).containsExactly(expected);
    }

    @Test
    void cutsToTheFirst75Tokens() {
        var prompt = "a photo of a cat, ".repeat(50);
        int[] ids = first.encode(prompt);
        assertThat(ids).hasSize(77);
        assertThat(ids[76]).isEqualTo(first.encode("")[1]);
        assertThat(ids).startsWith(ids[0], first.tokens(prompt)[0]).containsSubsequence(first.tokens("a photo of a cat,"));
    }

    @Test
    void windowsHoldAllTokens() {
        var prompt = "a photo of a cat, ".repeat(50);
        int[] tokens = first.tokens(prompt), empty = first.encode("");
        int windows = first.windows(prompt);
        assertThat(windows).isEqualTo((tokens.length + 74) / 75);
        int[][] ids = first.encode(prompt, windows + 1);
        for (int i = 0; i < tokens.length; i++) assertThat(ids[i / 75][1 + i % 75]).isEqualTo(tokens[i]);
        for (int[] window : ids) assertThat(window).hasSize(77).startsWith(empty[0]).contains(empty[1]);
        assertThat(ids[0]).isEqualTo(first.encode(prompt));
        assertThat(ids[windows]).as("behind the last").isEqualTo(empty);
        assertThat(first.windows("")).isEqualTo(1);
        assertThat(first.windows("a ".repeat(75))).isEqualTo(1);
        assertThat(first.windows("a ".repeat(76))).isEqualTo(2);
    }

    @Test
    void placesOfAWordAreThoseOfItsTokens() {
        var prompt = "a red cat, a cat" + " b".repeat(70) + " Cat cat";
        int[] cat = first.tokens("cat"), places = first.places(prompt, " CAT ", 2);
        int[][] ids = first.encode(prompt, 2);
        assertThat(places).hasSize(4 * cat.length).doesNotHaveDuplicates().isSorted();
        for (int i = 0; i < places.length; i++) assertThat(ids[places[i] / 77][places[i] % 77]).isEqualTo(cat[i % cat.length]);
        assertThat(places[places.length - 1]).as("in the second window").isGreaterThan(77);
        assertThat(first.places(prompt, "cat", 1)).hasSizeBetween(2 * cat.length, 3 * cat.length);
        assertThat(first.places(prompt, "red cat", 2)).hasSize(first.tokens("red cat").length);
        assertThat(first.places(prompt, "dog", 2)).isEmpty();
        assertThat(first.places(prompt, "", 2)).isEmpty();
    }

    @Test
    void caseSpacesAndQuotesDoNotMatter() {
        assertThat(first.tokens("  A \u201CRed\u201D\tCAT ")).isEqualTo(first.tokens("a \"red\" cat"));
    }

    @Test
    void anyUnicodeIsEncoded() {
        assertThat(first.tokens("\uD83D\uDC69\u200D\uD83D\uDC67 \uD800 \u0000 \uFFFF")).isNotEmpty();
    }

    @Test
    void longWordsAndManyWordsAreFast() {
        var manyWords = new StringBuilder();
        for (int i = 0; i < 50_000; i++) manyWords.append("word").append(Integer.toString(i, 36)).append(' ');
        assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            first.encode("abcdefghij".repeat(2_000));
            first.encode(manyWords.toString());
        });
    }

    @Test
    void saysWhichFileIsBad(@TempDir Path folder) throws IOException {
        assertBad(folder, "vocab.json: there is no such file");
        Files.writeString(folder.resolve("vocab.json"), "{\"a\": 1,");
        assertBad(folder, "vocab.json: not valid JSON");
        Files.writeString(folder.resolve("vocab.json"), "");
        assertBad(folder, "vocab.json: not a JSON object");
        Files.writeString(folder.resolve("vocab.json"), "{\"a\": \"one\"}");
        assertBad(folder, "vocab.json: the id of \"a\" is \"one\", not a whole number");
        Files.write(folder.resolve("vocab.json"), new byte[] {(byte) 0xFF});
        assertBad(folder, "vocab.json: not UTF-8 text");
        copy(folder, "vocab.json", "special_tokens_map.json", "tokenizer_config.json");
        assertBad(folder, "merges.txt: there is no such file");
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\nt h\nthe\n");
        assertBad(folder, "merges.txt: line 3 is \"the\", not a pair of symbols");
        Files.writeString(folder.resolve("special_tokens_map.json"), "{\"pad_token\": 3}");
        assertBad(folder, "special_tokens_map.json: no text for pad_token");
        Files.writeString(folder.resolve("special_tokens_map.json"), "{\"pad_token\": \"<pad>\"}");
        assertBad(folder, "special_tokens_map.json: pad_token \"<pad>\" is not in vocab.json");
    }

    private static void assertBad(Path folder, String message) {
        assertThatThrownBy(() -> ClipTokenizer.open(folder)).isInstanceOf(ModelError.class)
                .hasMessageStartingWith(folder.toString()).hasMessageContaining(message).hasMessageNotContaining("\n");
    }

    private static void copy(Path folder, String... names) throws IOException {
        for (var name : names) Files.write(folder.resolve(name), Files.readAllBytes(SDXL.resolve("tokenizer").resolve(name)));
    }

    private static int[] join(int[]... parts) { return Stream.of(parts).flatMapToInt(Arrays::stream).toArray(); }
}
