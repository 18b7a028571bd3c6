package dev.faithdiff.image.file;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Image;
import java.io.ByteArrayOutputStream;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Metadata says the same after restoring, as far as it is still true. */
class MetadataTest {
    private static final Image IMAGE = Image.of(4, 2, new byte[24]);

    /** Values of every type, empty and odd ones among them, in both byte orders. */
    @ParameterizedTest @EnumSource(value = ImageFormat.class, names = {"PNG", "JPEG", "TIFF", "WEBP"})
    void exifValuesStayByteForByte(ImageFormat format) {
        for (ByteOrder order : List.of(ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN)) {
            TiffDirectory d = new TiffDirectory(order), camera = new TiffDirectory(order), place = new TiffDirectory(order),
                    link = new TiffDirectory(order);
            d.put(270, TiffDirectory.ASCII, new byte[] {0});
            d.put(271, TiffDirectory.ASCII, new byte[] {(byte) 0x8e, (byte) 0xa9, 0, 'x', 0});
            camera.put(0x829a, TiffDirectory.RATIONAL, 1, 250);
            camera.put(0x9204, 10, -2, 3);
            camera.put(0x9214, TiffDirectory.SHORT, 1, 2, 3, 4);
            camera.put(0x927c, TiffDirectory.UNDEFINED, new byte[] {5, 0, 7});
            place.put(2, TiffDirectory.RATIONAL, 48, 1, 8, 1, 30, 1);
            place.put(0, TiffDirectory.BYTE, 2, 3, 0, 0);
            link.put(1, TiffDirectory.ASCII, "R98\0".getBytes(StandardCharsets.US_ASCII));
            camera.inner.put(40965, link);
            d.inner.put(34665, camera);
            d.inner.put(34853, place);
            TiffDirectory again = TiffDirectory.first(written(new Metadata(d.written(), null, null, null, null), format).metadata().exif()).in(order);
            for (int tag : new int[] {270, 271}) assertThat(again.bytes(tag)).isEqualTo(d.bytes(tag));
            same(again.inner.get(34665), camera);
            same(again.inner.get(34853), place);
            same(again.inner.get(34665).inner.get(40965), link);
        }
    }

    private static void same(TiffDirectory actual, TiffDirectory expected) {
        assertThat(actual.tags.keySet()).isEqualTo(expected.tags.keySet());
        expected.tags.forEach((tag, v) -> assertThat(actual.bytes(tag)).as("tag " + tag).isEqualTo(v.bytes()));
    }

    /** A camera's EXIF may say how its own pixels are stored; a TIFF's are stored otherwise. */
    @Test void exifDoesNotSayHowATiffIsStored() {
        TiffDirectory d = new TiffDirectory(ByteOrder.BIG_ENDIAN);
        for (int tag : new int[] {254, 284, 266, 322, 323, 330, 273, 513, 320, 339}) d.put(tag, TiffDirectory.SHORT, 2);
        d.put(271, TiffDirectory.ASCII, new byte[] {'A', 0});
        Photo photo = written(new Metadata(d.written(), null, null, null, null), ImageFormat.TIFF);
        assertThat(photo.image()).isEqualTo(IMAGE);
        assertThat(TiffDirectory.first(photo.metadata().exif()).bytes(271)).containsExactly('A', 0);
    }

    @ParameterizedTest @ValueSource(strings = {"tiff:Orientation='6'", "tiff:Orientation = \"6\"", ">: <tiff:Orientation>6</tiff:Orientation>",
            "x:Orientation='6'"})
    void orientationOfXmpCountsInEverySpelling(String spelling) {
        byte[] xmp = spelling.startsWith(">") ? xmp("", spelling.substring(2)) : xmp(spelling, "");
        assertThat(Xmp.orientation(xmp)).isEqualTo(6);
        assertThat(Xmp.orientation(Xmp.ofResult(xmp, 4, 2))).isEqualTo(1);
        assertThat(new String(Xmp.ofResult(xmp, 4, 2), StandardCharsets.UTF_8)).contains("Müller");
    }

    @ParameterizedTest @CsvSource({"6,1,6", "1,8,1", "0,8,8", "9,3,3", "0,0,1"})
    void exifGoesBeforeXmp(int exif, int xmp, int expected) {
        TiffDirectory d = new TiffDirectory(ByteOrder.LITTLE_ENDIAN);
        d.put(274, TiffDirectory.SHORT, exif);
        byte[] png = BadImagesTest.png(2, 1, 8, 0, join(BadImagesTest.chunk("eXIf", d.written()), BadImagesTest.chunk("iTXt",
                join("XML:com.adobe.xmp\0\0\0\0\0".getBytes(StandardCharsets.US_ASCII), xmp("tiff:Orientation='" + xmp + "'", "")))),
                new byte[] {0, 9, 7});
        assertThat(ImageFiles.readPhoto(png, "turned", true).image().height()).isEqualTo(expected >= 5 ? 2 : 1);
    }

    @Test void xmpHoldsTheNewSize() {
        String given = "tiff:ImageWidth='7' xmlns:exif='http://ns.adobe.com/exif/1.0/' exif:PixelYDimension='9' exif:ISO='100'";
        byte[] result = Xmp.ofResult(xmp(given, ""), 4, 2);
        assertThat(new String(result, StandardCharsets.UTF_8)).contains("tiff:ImageWidth=\"4\"", "exif:PixelYDimension=\"2\"", "exif:ISO=\"100\"");
    }

    /** Promises of many makers, as attributes and as structures, under any prefix. */
    @ParameterizedTest @CsvSource({"http://ns.adobe.com/hdr-gain-map/1.0/,GainMapMax", "http://ns.google.com/photos/1.0/camera/,MicroVideoOffset",
        "http://ns.google.com/photos/1.0/container/,Directory", "http://ns.apple.com/HDRGainMap/1.0/,HDRGainMapVersion",
        "http://ns.google.com/photos/1.0/depthmap/,Mime", "http://ns.google.com/photos/dd/1.0/device/,Container",
        "http://ns.google.com/photos/1.0/audio/,Mime"})
    void promisesOfLostPartsGo(String namespace, String property) {
        byte[] attribute = xmp("xmlns:q='" + namespace + "' q:" + property + "='1'", "");
        byte[] element = xmp("xmlns:q='" + namespace + "'", "<q:" + property + "><rdf:Seq><rdf:li q:Item='x'>deep</rdf:li></rdf:Seq></q:"
                + property + ">");
        for (byte[] xmp : List.of(attribute, element)) {
            assertThat(Xmp.promisesMore(xmp)).isTrue();
            String result = new String(Xmp.ofResult(xmp, 4, 2), StandardCharsets.UTF_8);
            assertThat(result).doesNotContain("q:" + property, "deep").contains("Müller");
            assertThat(Xmp.promisesMore(result.getBytes(StandardCharsets.UTF_8))).isFalse();
        }
    }

    @Test void xmpWithoutFaultIsKeptByteForByte() {
        byte[] xmp = xmp("tiff:Orientation='1' tiff:Make='Ä'", "");
        assertThat(Xmp.ofResult(xmp, 4, 2)).isSameAs(xmp);
        assertThat(Xmp.promisesMore(xmp)).isFalse();
        byte[] broken = "<x:xmpmeta".getBytes(StandardCharsets.US_ASCII),
                risky = "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><x/>".getBytes(StandardCharsets.US_ASCII);
        for (byte[] packet : List.of(broken, risky)) assertThat(Xmp.ofResult(packet, 4, 2)).isSameAs(packet);
    }

    /** A full picture behind a thumbnail has its own profile and turn; what it does not say, the first directory does. */
    @Test void aTiffsPictureHasItsOwnMetadata() {
        byte[] profile = ColourProfile.of(new double[] {0.3127, 0.329, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06}, v -> v);
        byte[] file = new TestTiff(ByteOrder.LITTLE_ENDIAN)
                .add(1, 1, 1, 0, 8, new int[1], Map.of(254, new long[] {4, 1}, 271, new long[] {2, 'M', 0}, 274, new long[] {3, 1}))
                .add(3, 2, 3, 0, 8, new int[18], Map.of(34675, TestTiff.bytes(7, profile), 274, new long[] {3, 6})).file();
        Photo photo = ImageFiles.readPhoto(file, "photo", true);
        assertThat(photo.image().width()).isEqualTo(2);
        assertThat(photo.metadata().profile()).isEqualTo(profile);
        assertThat(TiffDirectory.first(photo.metadata().exif()).bytes(271)).containsExactly('M', 0);
    }

    @Test void whatAFormatCannotCarryIsSaid() {
        Image deep = Image.of(4, 2, new byte[24], new byte[24]);
        assertThat(remarks(new Photo(deep, IMAGE, Metadata.NONE), ImageFormat.JPEG)).hasSize(2);
        assertThat(remarks(new Photo(deep, deep, Metadata.NONE), ImageFormat.WEBP)).hasSize(1);
        assertThat(remarks(new Photo(deep, deep, Metadata.NONE), ImageFormat.PNG)).isEmpty();
        byte[] large = xmp("tiff:Make='" + "x".repeat(70_000) + "'", "");
        assertThat(remarks(Photo.of(IMAGE).with(new Metadata(null, large, null, null, null)), ImageFormat.JPEG)).containsExactly(
                "the XMP is too large for JPEG and left out");
        assertThat(remarks(Photo.of(IMAGE).with(new Metadata(null, large, null, null, null)), ImageFormat.TIFF)).isEmpty();
    }

    private static List<String> remarks(Photo photo, ImageFormat format) {
        return ImageFiles.write(photo, new ByteArrayOutputStream(), new Encoding(format));
    }

    private static Photo written(Metadata m, ImageFormat format) {
        var out = new ByteArrayOutputStream();
        assertThat(ImageFiles.write(Photo.of(IMAGE).with(m), out, new Encoding(format))).isEmpty();
        return ImageFiles.readPhoto(out.toByteArray(), "again", true);
    }

    private static byte[] xmp(String attributes, String inner) {
        return ("<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF "
                + "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description xmlns:tiff='http://ns.adobe.com/tiff/1.0/' "
                + "tiff:Artist='Müller' "
                + (attributes.startsWith("x:") ? "xmlns:x='http://ns.adobe.com/tiff/1.0/' " : "") + attributes + ">" + inner
                + "</rdf:Description></rdf:RDF></x:xmpmeta>\n   <?xpacket end='w'?>").getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] join(byte[] a, byte[] b) {
        byte[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    /** A JPEG's IPTC, between other resources and over two segments, is the tag that it has in TIFF, and in a JPEG a resource again. */
    @Test void iptcStays() {
        byte[] block = {0x1c, 2, 120, 0, 4, 'K', (byte) 0xfc, 'h', 'e', 0x1c, 2, 25, 0, 1, 'x'};
        byte[] other = {0x38, 0x42, 0x49, 0x4d, 3, (byte) 0xed, 1, 'n', 0, 0, 0, 3, 1, 2, 3, 0};
        byte[] resources = new byte[other.length + Iptc.resource(block).length];
        System.arraycopy(other, 0, resources, 0, other.length);
        System.arraycopy(Iptc.resource(block), 0, resources, other.length, resources.length - other.length);
        byte[] plain = file(Photo.of(IMAGE), ImageFormat.JPEG);
        var jpeg = new ByteArrayOutputStream();
        jpeg.write(plain, 0, 2);
        for (int half : new int[] {0, 1}) {
            byte[] part = Arrays.copyOfRange(resources, half * 20, half == 0 ? 20 : resources.length),
                    mark = Iptc.MARK.getBytes(StandardCharsets.US_ASCII);
            jpeg.writeBytes(new byte[] {(byte) 0xff, (byte) 0xed, 0, (byte) (2 + mark.length + part.length)});
            jpeg.writeBytes(mark);
            jpeg.writeBytes(part);
        }
        jpeg.write(plain, 2, plain.length - 2);
        Photo photo = ImageFiles.readPhoto(jpeg.toByteArray(), "a", true);
        assertThat(Exif.iptc(photo.metadata().exif())).isEqualTo(block);
        for (ImageFormat format : new ImageFormat[] {ImageFormat.PNG, ImageFormat.JPEG, ImageFormat.TIFF, ImageFormat.WEBP}) {
            byte[] file = file(photo, format);
            Photo read = ImageFiles.readPhoto(file, "a", true);
            assertThat(Exif.iptc(read.metadata().exif())).as(format.name()).isEqualTo(block);
            boolean resource = new String(file, StandardCharsets.ISO_8859_1).contains(Iptc.MARK + "8BIM");
            assertThat(resource).isEqualTo(format == ImageFormat.JPEG);
        }
        for (int cut = 0; cut < resources.length; cut++) Iptc.among(Arrays.copyOf(resources, cut));
    }

    private static byte[] file(Photo photo, ImageFormat format) {
        var out = new ByteArrayOutputStream();
        ImageFiles.write(photo, out, new Encoding(format));
        return out.toByteArray();
    }
}
