package dev.faithdiff.quality.ocr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Image;
import dev.faithdiff.quality.MeasureError;
import dev.faithdiff.quality.ocr.TextMeasure.Rate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextScoreTest {
    private static final JsonObject CASES = Fixtures.json("iqa/ocr/cases.json"), PHOTO = Fixtures.json("iqa/ocr/photo.json");

    @TempDir Path dir;

    @Test void countsAsTheProtocolSays() {
        TextScore corpus = new TextScore(0, 0, 0, 0, 0, 0, 0, 0);
        for (JsonElement e : CASES.getAsJsonArray("cases")) {
            JsonObject one = e.getAsJsonObject(), expected = one.getAsJsonObject("expected");
            List<Word> truth = words(one, "truth"), recognised = words(one, "recognised");
            TextScore score = TextScore.of(truth, recognised);
            assertScore(one.get("name").getAsString(), score, expected);
            assertThat(folded(truth)).containsExactlyElementsOf(strings(expected, "folded_truth"));
            assertThat(folded(recognised)).containsExactlyElementsOf(strings(expected, "folded_recognised"));
            corpus = corpus.plus(score);
        }
        assertScore("corpus", corpus, CASES.getAsJsonObject("corpus"));
    }

    @Test void readsTesseractsTable() throws IOException {
        JsonObject images = PHOTO.getAsJsonObject("images");
        for (String image : images.keySet()) {
            List<Word> read = TextReader.words(Files.readString(Fixtures.path("iqa/ocr/" + image + ".tsv")));
            List<Word> stored = words(images.getAsJsonObject(image), "recognised");
            assertThat(read.stream().map(Word::text)).containsExactlyElementsOf(stored.stream().map(Word::text).toList());
            for (int i = 0; i < read.size(); i++) assertThat(read.get(i).corners()).containsExactly(stored.get(i).corners());
            assertScore(image, TextScore.of(words(PHOTO, "words"), read), images.getAsJsonObject(image).getAsJsonObject("expected"));
        }
        assertThatThrownBy(() -> TextReader.words("Harbour Bakery\n")).isInstanceOf(MeasureError.class).hasMessageContaining("Tesseract's table");
        assertThatThrownBy(() -> TextReader.words("level\tconf\ttext\tleft\ttop\twidth\theight\n5\tx\ta\t1\t1\t1\t1\n"))
                .isInstanceOf(MeasureError.class);
    }

    /** A square and the same turned by 45 degrees about its centre share an octagon. */
    @Test void placesMayBePolygons() {
        Word square = Word.inBox("a", 0, 0, 2, 2);
        double r = Math.sqrt(2);
        Word turned = new Word("a", new double[] {1, 1 - r, 1 + r, 1, 1, 1 + r, 1 - r, 1}),
                hollow = new Word("a", new double[] {0, 0, 2, 0, 1, 1, 2, 2, 0, 2});
        double octagon = 8 * (r - 1);
        assertThat(Overlap.of(square, turned)).isCloseTo(octagon / (8 - octagon), within(1e-9));
        assertThat(Overlap.of(square, hollow)).isCloseTo(0.75, within(1e-9));
        assertThat(Overlap.of(square, Word.inBox("a", 2, 0, 4, 2))).isZero();
    }

    @Test void readsWordsFromJson() throws IOException {
        Path file = Files.writeString(dir.resolve("words.json"),
                "[{\"text\":\"a\",\"polygon\":[[0,0],[2,0],[2,2]]},{\"text\":\"b\",\"box\":[1,2,3,4]}]");
        List<Word> words = Word.read(file);
        assertThat(words.get(0).corners()).containsExactly(0, 0, 2, 0, 2, 2);
        assertThat(words.get(1).corners()).containsExactly(Word.inBox("b", 1, 2, 3, 4).corners());
        for (String bad : List.of("", "[{\"text\":\"a\"}]", "[{\"text\":\"a\",\"box\":[1]}]", "{}", "[1]")) {
            Files.writeString(file, bad);
            assertThatThrownBy(() -> Word.read(file)).as(bad).isInstanceOf(MeasureError.class).hasMessageContaining("not a list of words");
        }
    }

    /** The engine here is a script that prints a stored table, whatever the image. */
    @Test void measuresByAnyCommand() throws IOException {
        Path engine = Files.writeString(dir.resolve("engine"), "#!/bin/sh\ntest -s \"$2\" && cat \"$1\"\n");
        assertThat(engine.toFile().setExecutable(true)).isTrue();
        List<Word> truth = words(PHOTO, "words");
        Image photo = Image.of(2, 2, new byte[12]);
        JsonObject images = PHOTO.getAsJsonObject("images");
        for (String image : images.keySet()) {
            TextReader reader = new TextReader(engine + " " + Fixtures.path("iqa/ocr/" + image + ".tsv").toAbsolutePath() + " IMAGE");
            JsonObject expected = images.getAsJsonObject(image).getAsJsonObject("expected");
            assertThat(new TextMeasure(Rate.F1, reader, truth).of(photo, null)).isCloseTo(expected.get("f1_boxes").getAsDouble(), within(1e-12));
            assertThat(new TextMeasure(Rate.CER, reader, truth).of(photo, null)).isCloseTo(expected.get("cer").getAsDouble(), within(1e-12));
            assertThat(new TextMeasure(Rate.WER, reader, null).of(photo, photo)).as("the same text").isZero();
        }
        assertThatThrownBy(() -> new TextMeasure(Rate.F1, new TextReader("false"), truth).of(photo, null)).isInstanceOf(MeasureError.class)
                .hasMessage("recognising text failed: false ended with code 1");
        assertThatThrownBy(() -> new TextMeasure(Rate.F1, new TextReader("no-such-program x"), truth).of(photo, null))
                .isInstanceOf(MeasureError.class)
                .hasMessage("ocr-f1: there is no program no-such-program on the PATH");
    }

    private static void assertScore(String what, TextScore s, JsonObject expected) {
        int[] counts = {s.truth(), s.recognised(), s.matched(), s.placed(), s.located(), s.charErrors(), s.truthChars(), s.wordErrors()};
        String[] names = {"truth_words", "recognised_words", "matched", "matched_with_boxes", "located", "char_errors", "truth_chars", "word_errors"};
        for (int i = 0; i < counts.length; i++) assertThat(counts[i]).as(what + " " + names[i]).isEqualTo(expected.get(names[i]).getAsInt());
        double[] rates = {s.precision(s.matched()), s.recall(s.matched()), s.f1(s.matched()), s.precision(s.placed()), s.recall(s.placed()),
                s.f1(s.placed()),
            s.cer(), s.wer()};
        names = new String[] {"precision", "recall", "f1", "precision_boxes", "recall_boxes", "f1_boxes", "cer", "wer"};
        for (int i = 0; i < rates.length; i++) {
            assertThat(rates[i]).as(what + " " + names[i]).isCloseTo(expected.get(names[i]).getAsDouble(), within(1e-12));
        }
    }

    private static List<String> folded(List<Word> words) { return words.stream().map(Word::folded).filter(w -> !w.isEmpty()).toList(); }

    private static List<Word> words(JsonObject of, String key) {
        List<Word> words = new ArrayList<>();
        for (JsonElement e : of.getAsJsonArray(key)) words.add(Word.of(e.getAsJsonObject()));
        return words;
    }

    private static List<String> strings(JsonObject of, String key) {
        return of.getAsJsonArray(key).asList().stream().map(JsonElement::getAsString).toList();
    }
}
