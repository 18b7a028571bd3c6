package dev.faithdiff.quality.ocr;

import dev.faithdiff.image.Image;
import dev.faithdiff.quality.Better;
import dev.faithdiff.quality.Measure;
import dev.faithdiff.quality.MeasureError;
import java.util.List;
import java.util.Locale;

/**
 * How much of the text in an image is still read, in place. An engine's own errors dominate: report its score of the good photo, too.
 *
 * @param words what there is to read; null: what is read in the reference
 */
public record TextMeasure(Rate rate, TextReader reader, List<Word> words) implements Measure {
    /** Rates of {@link TextScore}. */
    public enum Rate { PRECISION, RECALL, F1, CER, WER }

    @Override public String name() { return "ocr-" + rate.name().toLowerCase(Locale.ROOT); }

    @Override public Better better() { return Better.of(rate != Rate.CER && rate != Rate.WER); }

    @Override public boolean needsReference() { return words == null; }

    @Override public double of(Image image, Image reference) {
        String missing = reader.missing();
        if (missing != null) throw new MeasureError(name() + ": " + missing);
        if (words == null) MeasureError.checkSizes(this, image, reference);
        TextScore score = TextScore.of(words != null ? words : reader.read(reference), reader.read(image));
        return switch (rate) {
            case PRECISION -> score.precision(score.placed());
            case RECALL -> score.recall(score.placed());
            case F1 -> score.f1(score.placed());
            case CER -> score.cer();
            case WER -> score.wer();
        };
    }
}
