package dev.faithdiff.image;

import java.math.BigInteger;
import java.util.Locale;

/** The axes along which a picture goes on with its other end: X of a panorama of the whole horizon, XY of a texture. */
public enum Wrap {
    NONE, X, Y, XY;

    public boolean x() { return this == X || this == XY; }

    public boolean y() { return this == Y || this == XY; }

    /** The image with so many more pixels on both sides of each of these axes. */
    public Image continued(Image image, int pixels) { return continued(image, pixels, pixels); }

    private Image continued(Image image, int columns, int rows) {
        int x = x() ? columns : 0, y = y() ? rows : 0;
        return this == NONE ? image : image.part(-x, -y, image.width() + 2 * x, image.height() + 2 * y, this);
    }

    /** What {@link #continued} made larger, as large as before. */
    public Image cut(Image image, int pixels) {
        int x = x() ? pixels : 0, y = y() ? pixels : 0;
        return image.crop(x, y, image.width() - 2 * x, image.height() - 2 * y);
    }

    /** An image resized to a width and a height, as if it went on without end along these axes. */
    public Image resized(Image image, int width, int height, Filter filter) {
        if (this == NONE) return Resize.resize(image, width, height, filter);
        int x = x() ? margin(image.width(), width, filter) : 0, y = y() ? margin(image.height(), height, filter) : 0;
        int outX = (int) ((long) x * width / image.width()), outY = (int) ((long) y * height / image.height());
        return Resize.resize(continued(image, x, y), width + 2 * outX, height + 2 * outY, filter).crop(outX, outY, width, height);
    }

    /** Pixels that cover the filter's reach, and make whole pixels of the result. */
    private static int margin(int from, int to, Filter filter) {
        int step = from / BigInteger.valueOf(from).gcd(BigInteger.valueOf(to)).intValue();
        int reach = (int) Math.ceil(filter.halfWidth * Math.max(1, (double) from / to)) + 1;
        return Math.ceilDiv(reach, step) * step;
    }

    @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
}
