package dev.faithdiff.image.file;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** XMP packets: XML that may repeat the EXIF orientation. */
final class Xmp {
    private static final Pattern ORIENTATION = Pattern.compile("(?<name>tiff:Orientation(?:=\"|='|>))[2-8]");

    private Xmp() {}

    /** The packet, of unchanged length, of an upright picture. */
    static byte[] upright(byte[] packet) {
        String text = new String(packet, StandardCharsets.ISO_8859_1);
        return ORIENTATION.matcher(text).replaceAll("${name}1").getBytes(StandardCharsets.ISO_8859_1);
    }
}
