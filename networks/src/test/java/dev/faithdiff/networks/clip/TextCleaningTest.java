package dev.faithdiff.networks.clip;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Expected values are those of ftfy 6.3.1. */
class TextCleaningTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            &lt;tag&gt; &amp; &#39;it&#x27;s&#39;          | <tag> & 'it's'
            &amp;lt;b                                      | <b
            P&EACUTE;REZ STRA&SZLIG;E &Jscr;               | P\u00C9REZ STRASSE \uD835\uDCA5
            &nTILDE; &unknown; &copy &#12ab; &GTDOT;       | &nTILDE; &unknown; &copy &#12ab; &GTDOT;
            &#x2019; &#146; &#0; &#xD800; &#99999999999999999999; | ' ' \uFFFD \uFFFD \uFFFD
            """)
    void readsHtmlReferences(String text, String expected) { assertThat(TextCleaning.fix(text)).isEqualTo(expected); }

    @Test
    void keepsReferencesFromTheFirstLineWithATag() {
        assertThat(TextCleaning.fix("&amp;\n<b>&amp;\n&amp;")).isEqualTo("&\n<b>&amp;\n&amp;");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            sch\u00C3\u00B6n                   | sch\u00F6n
            doesn\u00E2\u20AC\u2122t           | doesn't
            \u00E2\u20AC\u0153hi \u4E2D        | "hi \u4E2D
            \u00F0\u0178\u02DC\u20AC           | \uD83D\uDE00
            \u00C3\u0192\u00C2\u00A9           | \u00E9
            z\u00C5\u201Aoty                   | z\u0142oty
            l\u2019humanit\u00C3\u00A9         | l'humanit\u00E9
            \u00C2\u00A35 and 6\u00C2\u00B0    | \u00A35 and 6\u00B0
            """)
    void repairsWronglyDecodedText(String text, String expected) { assertThat(TextCleaning.fix(text)).isEqualTo(expected); }

    @ParameterizedTest
    @ValueSource(strings = {"Caf\u00E9 na\u00EFve", "CAF\u00C9\u2122", "\u00C5ngstr\u00F6m", "\u00E0 c\u00F4t\u00E9", "\u00C3", "\u00DF",
            "\u010De\u0161tina", "\u00BFqu\u00E9?", "\u00A35 \u20AC3", "\u00E9\u2026"})
    void leavesGoodTextAlone(String text) { assertThat(TextCleaning.fix(text)).isEqualTo(text); }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "c1 controls   | a\u0085b \u0091c\u0092           | a\u2026b 'c'",
            "ligatures     | \uFB02u\uFB03e\uFB06 \uFB05 \u01C4 \u0133 \u0149 | fluffiest \u017Ft D\u017D ij 'n",
            "width         | \uFF2C\uFF2F\u3000\uFF35\uFF80\uFF70\uFF9D \uFF04 | LO U\u30BF\u30FC\u30F3 $",
            "quotes        | \u201Chere\u2019s\u201D \u02BC\u201B\u201F | \"here's\" ''\"",
            "surrogates    | a\uD800b                         | a\uFFFDb",
            "terminal      | a\u001B[36;44mblue\u001B[0m      | ablue",
            "controls      | a\u0000b\u007F\uFEFFc\u206A\uFFF9 | abc",
            "composition   | e\u0301                          | \u00E9"})
    void cleansEachKindOfGlitch(String step, String text, String expected) {
        assertThat(TextCleaning.fix(text)).as(step).isEqualTo(expected);
    }

    @Test
    void endsEveryLineWithOneLineFeed() {
        assertThat(TextCleaning.fix("a\r\nb\rc\u2028d\u2029e\n")).isEqualTo("a\nb\nc\nd\ne\n");
        assertThat(TextCleaning.fix("")).isEmpty();
    }
}
