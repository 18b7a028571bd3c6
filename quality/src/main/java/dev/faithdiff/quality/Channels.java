package dev.faithdiff.quality;

import dev.faithdiff.image.Image;
import java.util.Locale;

/** What of an image is measured: planes of values 0..1, in float32 as the published measures compute them. */
public enum Channels {
    RGB {
        @Override float[][] planes(Image image) {
            byte[] rgb = image.to8Bits().rgb();
            float[][] planes = new float[3][rgb.length / 3];
            for (int i = 0; i < rgb.length; i++) planes[i % 3][i / 3] = (rgb[i] & 0xff) / 255f;
            return planes;
        }
    },
    /** Luma of YIQ, black 0 and white 1: pyiqa's default. */
    Y {
        @Override float[][] planes(Image image) { return new float[][] {mix(RGB.planes(image), 0.299f, 0.587f, 0.114f, 0)}; }
    },
    /** Luma of BT.601 as video holds it, black 16/255 and white 235/255: MATLAB's and BasicSR's. */
    YCBCR {
        @Override float[][] planes(Image image) {
            float[] y = mix(RGB.planes(image), 65.481f, 128.553f, 24.966f, 16);
            for (int i = 0; i < y.length; i++) y[i] /= 255f;
            return new float[][] {y};
        }
    };

    abstract float[][] planes(Image image);

    /** The planes in levels 0..255, rounded after float32 arithmetic: about one pixel in 1000 is a tie, which falls by the last bit. */
    double[][] levels(Image image) {
        float[][] planes = planes(image);
        double[][] levels = new double[planes.length][planes[0].length];
        for (int c = 0; c < planes.length; c++) {
            for (int i = 0; i < levels[c].length; i++) levels[c][i] = Math.rint(planes[c][i] * 255f);
        }
        return levels;
    }

    /** As part of a measure's name. */
    @Override public String toString() { return name().toLowerCase(Locale.ROOT); }

    private static float[] mix(float[][] rgb, float r, float g, float b, float offset) {
        float[] mixed = new float[rgb[0].length];
        for (int i = 0; i < mixed.length; i++) mixed[i] = r * rgb[0][i] + g * rgb[1][i] + b * rgb[2][i] + offset;
        return mixed;
    }
}
