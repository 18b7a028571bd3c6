package dev.faithdiff.restore.caption;

import dev.faithdiff.tensor.DType;
import java.util.Locale;
import java.util.function.UnaryOperator;

/**
 * How a captioner that writes sentences describes photos.
 *
 * @param question    what it is asked; null: its own
 * @param most        the most tokens of an answer
 * @param temperature 0: always the likeliest token; above, the tokens are drawn, the more evenly the higher
 * @param topP        the share of probability that the drawn ones come from
 * @param seed        of the draws
 * @param padded      whether a photo is padded to a square; else its middle is seen
 * @param style       what becomes of the answer
 * @param rounding    the type to which products round their factors, or null
 */
public record CaptionOptions(String question, int most, double temperature, double topP, long seed, boolean padded, Style style,
        DType rounding) {
    /** As the published captioners of SUPIR and FaithDiff, but with a seed, and without what they cut off. */
    public static final CaptionOptions PUBLISHED = new CaptionOptions(null, 512, 0.2, 0.7, 0, false, Style.PLAIN, null);

    /** How an answer becomes a caption; {@link #apply}. */
    public enum Style {
        /** Unchanged, but for spaces at its ends. */
        PLAIN(String::strip),
        /** One line, as SUPIR has it. */
        SUPIR(s -> (s.strip().endsWith("</s>") ? s.strip().substring(0, s.strip().length() - 4) : s.strip()).replace("\n", " ").replace("\r", " ")),
        /**
         * As FaithDiff has it: without the first three words, which are "The image features", and of the rest the first two sentences, with a full
         * stop behind them even where there is one. Of fewer than four words nothing is left.
         */
        FAITHDIFF(Style::faithDiff);

        private final UnaryOperator<String> change;

        Style(UnaryOperator<String> change) { this.change = change; }

        /** The caption that an answer becomes. */
        public String apply(String answer) { return change.apply(answer); }

        private static String faithDiff(String answer) {
            String[] words = answer.strip().split("\\s+");
            if (words.length < 4) return "";
            StringBuilder text = new StringBuilder(capitalized(words[3]));
            for (int i = 4; i < words.length; i++) text.append(' ').append(words[i]);
            String[] sentences = text.toString().split("\\. ", -1);
            return sentences[0] + (sentences.length > 1 ? ". " + sentences[1] : "") + ".";
        }

        private static String capitalized(String word) {
            int first = word.offsetByCodePoints(0, 1);
            return word.substring(0, first).toUpperCase(Locale.ROOT) + word.substring(first).toLowerCase(Locale.ROOT);
        }
    }

    /** @throws IllegalArgumentException if a number is out of range */
    public CaptionOptions {
        if (most < 1 || most > 2048) throw new IllegalArgumentException("a caption has 1 to 2048 tokens");
        if (!(temperature >= 0 && temperature <= 100)) throw new IllegalArgumentException("the temperature is 0 to 100");
        if (!(topP >= 0 && topP <= 1)) throw new IllegalArgumentException("top-p is 0 to 1");
    }

    /** The same with another style. */
    public CaptionOptions with(Style other) { return new CaptionOptions(question, most, temperature, topP, seed, padded, other, rounding); }

    /** The same with products that round their factors to another type, or to none. */
    public CaptionOptions with(DType other) { return new CaptionOptions(question, most, temperature, topP, seed, padded, style, other); }
}
