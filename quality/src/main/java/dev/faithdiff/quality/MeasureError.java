package dev.faithdiff.quality;

import dev.faithdiff.image.Image;

/** What cannot be measured: the message is one line that says the rule and what was given. */
public final class MeasureError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public MeasureError(String message) { super(message); }

    public MeasureError(String message, Throwable cause) { super(message, cause); }

    /** @throws MeasureError if there is no reference, or one of another size */
    public static void checkSizes(Measure measure, Image image, Image reference) {
        if (reference == null) throw new MeasureError(measure.name() + " needs a reference");
        if (image.width() == reference.width() && image.height() == reference.height()) return;
        throw new MeasureError(measure.name() + " compares images of one size, got " + size(image) + " and " + size(reference));
    }

    /** @throws MeasureError if a side is shorter than {@code side} pixels */
    public static void checkSide(Measure measure, Image image, int side) {
        if (Math.min(image.width(), image.height()) >= side) return;
        throw new MeasureError(measure.name() + " takes at least " + side + "x" + side + " pixels, got " + size(image));
    }

    private static String size(Image image) { return image.width() + "x" + image.height(); }
}
