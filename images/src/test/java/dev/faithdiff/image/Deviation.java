package dev.faithdiff.image;

/** How far two images of one size are apart. The measures of papers are a module above. */
public final class Deviation {
    private Deviation() {}

    /** The ratio of the largest level to the root mean square difference of the samples, in dB. */
    public static double decibels(Image a, Image b) {
        double sum = 0;
        for (int i = 0; i < a.rgb().length; i++) sum += Math.pow((a.rgb()[i] & 0xff) - (b.rgb()[i] & 0xff), 2);
        return 10 * Math.log10(255.0 * 255.0 * a.rgb().length / sum);
    }
}
