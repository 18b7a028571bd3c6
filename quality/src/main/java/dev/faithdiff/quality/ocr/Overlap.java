package dev.faithdiff.quality.ocr;

import java.awt.geom.Area;
import java.awt.geom.Path2D;
import java.awt.geom.PathIterator;

/** How much two places have in common. */
final class Overlap {
    private Overlap() {}

    /** Intersection over union, 0..1. */
    static double of(Word a, Word b) {
        Area x = area(a.corners()), y = area(b.corners());
        if (!x.getBounds2D().intersects(y.getBounds2D())) return 0;
        double sizes = size(x) + size(y);
        x.intersect(y);
        double common = size(x);
        return sizes == common ? 0 : common / (sizes - common);
    }

    private static Area area(double[] corners) {
        Path2D path = new Path2D.Double();
        path.moveTo(corners[0], corners[1]);
        for (int i = 2; i < corners.length; i += 2) path.lineTo(corners[i], corners[i + 1]);
        path.closePath();
        return new Area(path);
    }

    /** By the shoelace formula over all outlines; holes run the other way. */
    private static double size(Area area) {
        double[] at = new double[6];
        double sum = 0, startX = 0, startY = 0, x = 0, y = 0;
        for (PathIterator i = area.getPathIterator(null); !i.isDone(); i.next()) {
            int kind = i.currentSegment(at);
            double toX = kind == PathIterator.SEG_CLOSE ? startX : at[0], toY = kind == PathIterator.SEG_CLOSE ? startY : at[1];
            if (kind == PathIterator.SEG_MOVETO) {
                startX = toX;
                startY = toY;
            } else sum += x * toY - toX * y;
            x = toX;
            y = toY;
        }
        return Math.abs(sum) / 2;
    }
}
