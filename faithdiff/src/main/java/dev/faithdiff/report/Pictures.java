package dev.faithdiff.report;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.Encoding;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.ImageFormat;
import dev.faithdiff.image.file.Photo;
import dev.faithdiff.quality.trust.Plane;
import dev.faithdiff.restore.HeatMap;
import java.io.ByteArrayOutputStream;
import java.util.Base64;

/** Pictures of a page; in one that stands alone, data URIs of PNG. */
public final class Pictures {
    /** The longer side of a map that is only looked at. */
    private static final int MAP_SIDE = 1024;

    private Pictures() {}

    /** 8 bits a sample, with opacity and colour profile. */
    static String of(Photo photo) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Image opacity = photo.opacity() == null ? null : photo.opacity().to8Bits();
        ImageFiles.write(new Photo(photo.image().to8Bits(), opacity, photo.metadata().profileOnly()), out, new Encoding(ImageFormat.PNG));
        return "data:image/png;base64," + Base64.getEncoder().encodeToString(out.toByteArray());
    }

    /** Scores of 0 to 255, pixel by pixel, in grey. */
    static String of(byte[] scores, int width, int height) { return of(Photo.of(grey(scores, width, height))); }

    /** A map in grey, white where its value is {@code most} or more; a large one is made smaller. */
    static String of(Plane map, double most) { return of(Photo.of(shown(map, most))); }

    /** As {@link #of(Plane, double)}, not encoded. */
    public static Image shown(Plane map, double most) {
        byte[] levels = new byte[map.values().length];
        for (int i = 0; i < levels.length; i++) levels[i] = (byte) Math.min(255, Math.round(255 * map.values()[i] / most));
        Image grey = grey(levels, map.width(), map.height());
        double factor = Math.min(1, MAP_SIDE / (double) Math.max(map.width(), map.height()));
        int w = (int) Math.max(1, Math.round(factor * map.width())), h = (int) Math.max(1, Math.round(factor * map.height()));
        return Resize.resize(grey, w, h, Filter.BILINEAR);
    }

    /** A map in grey, from its least number to its largest. */
    static String of(HeatMap map) {
        Plane above = new Plane(map.width(), map.height(), new float[map.values().length]);
        for (int i = 0; i < above.values().length; i++) above.values()[i] = map.values()[i] - map.min();
        return of(above, Math.max(map.max() - map.min(), 1e-8));
    }

    /** An image of one level a pixel. */
    public static Image grey(byte[] levels, int width, int height) {
        byte[] rgb = Image.blank(width, height);
        for (int i = 0; i < rgb.length; i++) rgb[i] = levels[i / 3];
        return Image.of(width, height, rgb);
    }
}
