package dev.faithdiff.image;

import com.drew.imaging.ImageMetadataReader;
import com.drew.imaging.ImageProcessingException;
import com.drew.metadata.exif.ExifIFD0Directory;
import java.io.ByteArrayInputStream;
import java.io.IOException;

/** The EXIF orientation, 1 to 8: how a camera says that its rows and columns are to be turned. */
final class Orientation {
    private Orientation() {}

    /** 1 (as it is) where the file says nothing, nothing valid, or its metadata is damaged. */
    static int of(byte[] file) {
        try {
            var metadata = ImageMetadataReader.readMetadata(new ByteArrayInputStream(file));
            var exif = metadata.getFirstDirectoryOfType(ExifIFD0Directory.class);
            Integer value = exif == null ? null : exif.getInteger(ExifIFD0Directory.TAG_ORIENTATION);
            return value == null || value < 1 || value > 8 ? 1 : value;
        } catch (ImageProcessingException | IOException | RuntimeException e) {
            return 1;
        }
    }

    /** The image upright; EXIF 2.3, tag 0x0112. */
    static Image apply(Image in, int orientation) {
        if (orientation == 1) return in;
        boolean turned = orientation >= 5;
        boolean fromRight = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
        boolean fromBottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
        int width = turned ? in.height() : in.width();
        int height = turned ? in.width() : in.height();
        byte[] upright = Image.blank(width, height), low = in.low() == null ? null : Image.blank(width, height);
        for (int y = 0, to = 0; y < height; y++) {
            for (int x = 0; x < width; x++, to += 3) {
                int column = turned ? y : x;
                int row = turned ? x : y;
                if (fromRight) column = in.width() - 1 - column;
                if (fromBottom) row = in.height() - 1 - row;
                int from = 3 * (row * in.width() + column);
                System.arraycopy(in.rgb(), from, upright, to, 3);
                if (low != null) System.arraycopy(in.low(), from, low, to, 3);
            }
        }
        return Image.of(width, height, upright, low);
    }
}
