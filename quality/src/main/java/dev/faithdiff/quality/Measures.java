package dev.faithdiff.quality;

import dev.faithdiff.quality.ocr.TextReader;
import dev.faithdiff.quality.ocr.TextMeasure;
import dev.faithdiff.quality.ocr.Word;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The one list of measures. */
public final class Measures {
    /**
     * A measure, and why it cannot be used here.
     *
     * @param missing null if it can be used; else the reason in words, such as the file of weights that is looked for. Its {@code of} then
     *                throws that as a {@link MeasureError}.
     */
    public record Entry(Measure measure, String missing) {}

    /**
     * What measures are made with.
     *
     * @param pristine parameters of NIQE
     * @param reader   of text
     * @param words    what there is to read in a photo; null: what is read in its reference
     * @param weights  the folder that holds the model folders of networks; it need not exist
     * @param device   where networks compute
     */
    public record Setup(Pristine pristine, TextReader reader, List<Word> words, Path weights, Device device) {
        /** The published parameters, Tesseract, no words, and on the CPU the networks of {@code models/measures}. */
        public static Setup initial() {
            return new Setup(Pristine.published(), new TextReader(TextReader.INITIAL), null, usualWeights(), Device.CPU);
        }

        /** Where networks are looked for if no other folder is given. */
        public static Path usualWeights() { return Path.of(System.getProperty("faithdiff.home", "."), "models", "measures"); }
    }

    /** Taken only where they are named: they mean something only for some photos, or repeat what others say. */
    private static final Set<String> ON_REQUEST = Set.of("consistency", "fsim-grey", "niqe-ycbcr", "niqe-basicsr-grey", "seams", "alignment-crop");

    private Measures() {}

    /** All measures with their initial setup. */
    public static List<Entry> all() { return all(Setup.initial()); }

    /** All measures: those without weights, then those of networks. */
    public static List<Entry> all(Setup setup) {
        List<Measure> measures = new ArrayList<>();
        for (Channels c : Channels.values()) measures.add(new Psnr(c));
        for (Channels c : Channels.values()) measures.add(new Ssim(c));
        measures.addAll(List.of(new MsSsim(), new Fsim(true), new Fsim(false), new Gmsd()));
        for (ColourDifference.Figure f : ColourDifference.Figure.values()) measures.add(new ColourDifference(f));
        measures.add(new ColourShift());
        for (Niqe.Variant v : Niqe.Variant.values()) measures.add(new Niqe(setup.pristine, v, 0));
        for (Energy.Kind k : Energy.Kind.values()) measures.add(new Energy(k));
        measures.addAll(List.of(new Seams(), new Consistency()));
        List<Entry> all = new ArrayList<>(measures.stream().map(m -> new Entry(m, null)).toList());
        String noReader = setup.reader.missing();
        for (TextMeasure.Rate r : TextMeasure.Rate.values()) all.add(new Entry(new TextMeasure(r, setup.reader, setup.words), noReader));
        all.addAll(NetworkMeasures.of(setup.weights, setup.device));
        return List.copyOf(all);
    }

    /** Whether a measure is taken only where it is named. */
    public static boolean isOnRequest(Measure measure) {
        return measure instanceof TextMeasure || ON_REQUEST.contains(measure.name().replace("-fitted", ""));
    }
}
