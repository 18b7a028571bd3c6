package dev.faithdiff.quality;

import dev.faithdiff.image.Image;

/**
 * Natural image quality evaluator (Mittal et al. 2013, "Making a completely blind image quality analyzer"): how far an image's features are from
 * those of natural photos. 0 would be best.
 *
 * @param border pixels that are cut off each side first
 */
public record Niqe(Pristine pristine, Variant variant, int border) implements Measure {
    /** Whose luma and rounding. Values differ by up to 0.4, with large even areas by more. */
    public enum Variant {
        /** pyiqa's default, luma of YIQ; what papers since 2022 mostly report. */
        PYIQA("niqe"),
        PYIQA_YCBCR("niqe-ycbcr"),
        /** BasicSR's, limited-range luma and float32. An even area makes its value meaningless. */
        BASICSR("niqe-basicsr"),
        BASICSR_GREY("niqe-basicsr-grey");

        private final String measure;

        Variant(String measure) { this.measure = measure; }

        private boolean isSingle() { return this == BASICSR || this == BASICSR_GREY; }

        private double[] luma(Image image) {
            if (this != BASICSR) return (this == PYIQA_YCBCR ? Channels.YCBCR : Channels.Y).levels(image)[0];
            byte[] rgb = image.to8Bits().rgb();
            double[] luma = new double[rgb.length / 3];
            for (int i = 0; i < luma.length; i++) {
                double b = 24.966 * ((rgb[3 * i + 2] & 0xff) / 255f), g = 128.553 * ((rgb[3 * i + 1] & 0xff) / 255f);
                float y = (float) (b + g + 65.481 * ((rgb[3 * i] & 0xff) / 255f) + 16) / 255f;
                luma[i] = Math.rint(y * 255f);
            }
            return luma;
        }
    }

    @Override public String name() { return variant.measure + (pristine.fitted() == null ? "" : "-fitted"); }

    @Override public Better better() { return Better.LOWER; }

    @Override public boolean needsReference() { return false; }

    @Override public double of(Image image, Image reference) {
        MeasureError.checkSide(this, image, NaturalScene.BLOCK + 2 * border);
        NaturalScene scene = scene(image);
        int complete = 0;
        for (double[] block : scene.features()) if (Pristine.isComplete(block)) complete++;
        if (complete < 2) {
            throw new MeasureError(name() + " takes at least two blocks of 96x96 pixels that are not even, got " + complete + " in "
                    + image.width() + "x" + image.height());
        }
        return pristine.distance(scene.features());
    }

    NaturalScene scene(Image image) {
        Image inner = image.crop(border, border, image.width() - 2 * border, image.height() - 2 * border);
        return NaturalScene.of(variant.luma(inner), inner.width(), inner.height(), variant.isSingle());
    }
}
