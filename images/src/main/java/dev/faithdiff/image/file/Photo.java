package dev.faithdiff.image.file;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.Resize;
import java.util.List;

/**
 * A photo as its file holds it: the upright pixels, their opacity, and what else the file says.
 *
 * @param image    8 or 16 bits a sample; all channels equal for a colourless photo, whatever its file's number of channels
 * @param opacity  of the image's size, in all three channels, 0: transparent; null: the file has none
 * @param metadata carried to the file that is written
 * @param remarks  sentences for the user about what reading the file changed or lost
 */
public record Photo(Image image, Image opacity, Metadata metadata, List<String> remarks) {
    public Photo {
        remarks = List.copyOf(remarks);
        if (opacity != null && (opacity.width() != image.width() || opacity.height() != image.height())) {
            throw new ImageError("the opacity has the image's size, got " + opacity + " for " + image);
        }
    }

    /** A photo without remarks. */
    public Photo(Image image, Image opacity, Metadata metadata) { this(image, opacity, metadata, List.of()); }

    public static Photo of(Image image) { return new Photo(image, null, Metadata.NONE); }

    /**
     * This photo with a restored image in place of its own: colourless if it was, with its opacity resized to the new size (bicubic, whose
     * only negative lobe is clamped away, so that no ghost line runs beside an edge), and all metadata.
     */
    public Photo restored(Image restored) {
        Image resized = opacity == null ? null : Resize.resize(opacity, restored.width(), restored.height(), Filter.BICUBIC);
        return new Photo(image.isGrey() ? restored.toGrey() : restored, resized, metadata, remarks);
    }

    public Photo with(Metadata other) { return new Photo(image, opacity, other, remarks); }

    /** The image for a network to see: colours that an opacity of 0 hides are filled from visible neighbours. Itself where none are hidden. */
    public Image visible() { return HiddenColours.filled(image, opacity); }

    /** Laid on white, for formats without opacity. */
    Photo onWhite() {
        if (opacity == null) return this;
        Image in = image.to8Bits(), alpha = opacity.to8Bits();
        byte[] rgb = new byte[in.rgb().length];
        for (int i = 0; i < rgb.length; i++) rgb[i] = (byte) ((in.sample(i) * alpha.sample(i) + 255 * (255 - alpha.sample(i)) + 127) / 255);
        return new Photo(Image.of(in.width(), in.height(), rgb), null, metadata, remarks);
    }

    Photo to8Bits() { return new Photo(image.to8Bits(), opacity == null ? null : opacity.to8Bits(), metadata, remarks); }
}
