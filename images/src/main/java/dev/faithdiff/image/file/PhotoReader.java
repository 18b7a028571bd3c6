package dev.faithdiff.image.file;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import java.util.ArrayList;
import java.util.List;

/** From a file's bytes to a {@link Photo}, with remarks on all that is not as the file has it. */
final class PhotoReader {
    private final String name;
    private final boolean strict;
    private final long most;
    private final List<String> remarks = new ArrayList<>();

    private PhotoReader(String name, boolean strict, long most) {
        this.name = name;
        this.most = most;
        this.strict = strict;
    }

    /** @param most pixels that are decoded */
    static Photo read(byte[] file, String name, boolean strict, long most) {
        if (file.length == 0) throw new ImageError(name + " is empty");
        ImageFormat format = ImageFormat.of(file, name);
        try {
            return new PhotoReader(name, strict, most).read(file, format);
        } catch (ImageError e) {
            throw e;
        } catch (RuntimeException e) {
            throw new ImageError("cannot read " + name + ": damaged or unsupported " + format + " (" + ImageFiles.reason(e) + ")", e);
        } catch (OutOfMemoryError e) {
            throw new ImageError("cannot read " + name + ": too large for the memory of this run, raise -Xmx", e);
        }
    }

    private Photo read(byte[] file, ImageFormat format) {
        String defect = WholeFile.defect(file, format);
        if (strict && defect != null) throw damaged(format, defect);
        Picture picture = Picture.of(file, format, name);
        PictureDecoder.Decoded decoded = PictureDecoder.decode(file, format, picture, name, most, defect);
        String damage = defect == null ? decoded.damage() : defect;
        if (strict && damage != null) throw damaged(format, damage);
        if (damage != null) remarks.add("the file is damaged (" + damage + "): it is read as far as it goes");
        if (decoded.count() > 1) remarks.add("the file holds " + decoded.count() + " pictures: the first is taken");
        Pixels.Decoded pixels = Pixels.read(decoded.pixels());
        if (picture.hasInks() || !pixels.asStored()) remarks.add("colours other than RGB and grey, and floating-point ones, became 8-bit sRGB");
        if (pixels.bits() > 16) remarks.add("samples of " + pixels.bits() + " bits became 16-bit ones");
        Metadata metadata = colours(MetadataReader.read(file, format, picture), pixels, picture);
        if (Xmp.promisesMore(metadata.xmp())) remarks.add("the video, gain map, depth map or second picture in the file is left out");
        int orientation = Exif.orientation(metadata.exif());
        if (orientation == 0) orientation = Math.max(1, Xmp.orientation(metadata.xmp()));
        Image opacity = pixels.opacity() == null ? null : pixels.opacity().upright(orientation);
        return new Photo(pixels.image().upright(orientation), opacity, metadata, remarks);
    }

    /** A profile stays only where it is about the samples as they are. */
    private Metadata colours(Metadata m, Pixels.Decoded pixels, Picture picture) {
        if (picture.hasInks() || !pixels.asStored()) return m.withProfile(null);
        String space = Metadata.space(m.profile());
        boolean fits = "RGB ".equals(space) || "GRAY".equals(space) && pixels.image().isGrey();
        if (m.profile() == null || fits) return m;
        remarks.add("the colour profile does not fit the picture and is left out");
        return m.withoutProfile();
    }

    private ImageError damaged(ImageFormat format, String why) {
        return new ImageError("cannot read " + name + ": damaged " + format + " (" + why + ")");
    }
}
