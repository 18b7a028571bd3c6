package dev.faithdiff.image.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.drew.imaging.ImageMetadataReader;
import com.drew.imaging.ImageProcessingException;
import com.drew.metadata.Directory;
import com.drew.metadata.Tag;
import com.twelvemonkeys.imageio.metadata.tiff.IFD;
import com.twelvemonkeys.imageio.metadata.tiff.TIFFEntry;
import com.twelvemonkeys.imageio.metadata.tiff.TIFFWriter;
import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.Metadata.Resolution;
import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What comes with the pixels goes from format to format; read by metadata-extractor, too, which the writers do not use. */
class PhotoTest {
    private static final byte[] XMP = ("<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF "
            + "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description "
            + "xmlns:tiff='http://ns.adobe.com/tiff/1.0/' xmlns:dc='http://purl.org/dc/elements/1.1/' tiff:Orientation=\"6\" dc:format=\"über\"/>"
            + "</rdf:RDF></x:xmpmeta>").getBytes(StandardCharsets.UTF_8);
    private static final byte[] LINEAR = ICC_Profile.getInstance(ColorSpace.CS_LINEAR_RGB).getData(),
            GREY = ICC_Profile.getInstance(ColorSpace.CS_GRAY).getData();
    private static final byte[] MAKER_NOTE = {5, 4, 3, 2, 1, 0, 9, 8, 7};

    @TempDir Path folder;

    private static Metadata everything(byte[] profile, byte[] comment) throws IOException {
        IFD camera = new IFD(List.of(new TIFFEntry(0x829a, (short) 5, new com.twelvemonkeys.imageio.metadata.tiff.Rational(1, 250)),
                new TIFFEntry(0x9003, "2020:02:03 04:05:06"), new TIFFEntry(0x927c, (short) 7, MAKER_NOTE), new TIFFEntry(0x9286, (short) 7, comment),
                new TIFFEntry(0xa002, (short) 4, 7L), new TIFFEntry(0xa003, (short) 4, 9L)));
        IFD place = new IFD(List.of(new TIFFEntry(1, "N")));
        var bytes = new ByteArrayOutputStream();
        try (var out = new MemoryCacheImageOutputStream(bytes)) {
            out.setByteOrder(ByteOrder.LITTLE_ENDIAN);
            new TIFFWriter().write(List.of(new TIFFEntry(271, "Maker & Co"), new TIFFEntry(274, (short) 3, 6),
                    new TIFFEntry(34665, (short) 4, camera), new TIFFEntry(34853, (short) 4, place)), out);
        }
        return new Metadata(bytes.toByteArray(), XMP, profile, new Resolution(300, 150), "made with {\"seed\": 42}");
    }

    @ParameterizedTest @ValueSource(strings = {"jpg png", "png tif", "tif webp", "webp jpg", "jpg tif", "tif jpg", "png webp", "webp png",
            "jpg jpg", "tif tif"})
    void everythingGoesFromFormatToFormat(String pair) throws IOException, ImageProcessingException {
        Path from = folder.resolve("from." + pair.split(" ")[0]), to = folder.resolve("to." + pair.split(" ")[1]);
        Image image = noise(31, 19, 8);
        ImageFiles.write(new Photo(image, null, everything(LINEAR, new byte[20]).withSettings(null)), from);
        Photo photo = ImageFiles.readPhoto(from);
        assertThat(photo.image().width()).as("upright").isEqualTo(31);
        ImageFiles.write(photo.restored(noise(62, 38, 8)).with(photo.metadata().withSettings("made with {\"seed\": 42}")), to);

        Metadata m = ImageFiles.readPhoto(to).metadata();
        assertThat(m.profile()).isEqualTo(LINEAR);
        assertThat(new String(m.xmp(), StandardCharsets.UTF_8)).contains("tiff:Orientation=\"1\"", "über");
        Map<String, String> tags = tags(to);
        assertThat(tags).containsEntry("Make", "Maker & Co").containsEntry("Date/Time Original", "2020:02:03 04:05:06")
                .containsEntry("GPS Latitude Ref", "N")
                .containsEntry("Exif Image Width", "62 pixels").containsEntry("Exif Image Height", "38 pixels");
        assertThat(tags.get("Orientation")).startsWith("Top, left side");
        assertThat(tags.get("Makernote")).isNotNull();
        assertThat(tags.get(to.toString().endsWith("png") ? "Textual Data" : "User Comment")).contains("made with {\"seed\": 42}");
        if (!pair.contains("webp")) {
            assertThat(m.resolution().x()).isCloseTo(300, within(0.02));
            assertThat(m.resolution().y()).isCloseTo(150, within(0.02));
        }
        assertThat(names()).hasSize(2);
    }

    @Test void everythingMayBeLeftOutButTheProfile() throws IOException, ImageProcessingException {
        for (String name : new String[] {"a.png", "a.jpg", "a.tif", "a.webp"}) {
            Path file = folder.resolve(name);
            ImageFiles.write(new Photo(noise(31, 19, 8), null, everything(LINEAR, new byte[20]).profileOnly()), file);
            assertThat(ImageFiles.readPhoto(file).metadata().profile()).isEqualTo(LINEAR);
            assertThat(tags(file).keySet()).doesNotContain("Make", "Textual Data", "User Comment", "Date/Time Original", "GPS Latitude Ref");
            assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1)).doesNotContain("xmpmeta", "Maker", "seed");
        }
    }

    @Test void aPhotographersCommentStaysBeforeTheSettings() throws IOException, ImageProcessingException {
        Path ascii = folder.resolve("ascii.jpg"), wide = folder.resolve("wide.jpg");
        ImageFiles.write(new Photo(noise(9, 9, 8), null, everything(null, "ASCII\0\0\0my cat\0\0".getBytes(StandardCharsets.US_ASCII))), ascii);
        assertThat(tags(ascii).get("User Comment")).startsWith("my cat").contains("made with");
        byte[] text = "UNICODE\0".getBytes(StandardCharsets.US_ASCII), cat = "chat été".getBytes(StandardCharsets.UTF_16LE);
        byte[] comment = Arrays.copyOf(text, 8 + cat.length);
        System.arraycopy(cat, 0, comment, 8, cat.length);
        ImageFiles.write(new Photo(noise(9, 9, 8), null, everything(null, comment)), wide);
        byte[] exif = ImageFiles.readPhoto(wide).metadata().exif();
        assertThat(new String(exif, StandardCharsets.UTF_16LE) + new String(exif, 1, exif.length - 1, StandardCharsets.UTF_16LE))
                .contains("chat été\nmade with {\"seed\": 42}");
    }

    @Test void samplesStayAsStoredUnderAnyProfile() throws IOException {
        Image image = noise(20, 20, 8);
        for (String name : new String[] {"a.png", "a.tif", "a.webp"}) {
            ImageFiles.write(new Photo(image, null, Metadata.NONE.withProfile(LINEAR)), folder.resolve(name));
            assertThat(ImageFiles.readPhoto(folder.resolve(name)).image()).isEqualTo(image);
        }
    }

    @Test void aProfileOfManySegmentsIsPutTogether() throws IOException {
        byte[] large = Arrays.copyOf(LINEAR, 200_000);
        new Random(1).nextBytes(large);
        System.arraycopy(LINEAR, 0, large, 0, 128);
        ImageFiles.write(new Photo(noise(8, 8, 8), null, Metadata.NONE.withProfile(large)), folder.resolve("a.jpg"));
        assertThat(ImageFiles.readPhoto(folder.resolve("a.jpg")).metadata().profile()).isEqualTo(large);
    }

    @ParameterizedTest @ValueSource(strings = {"a.png", "a.tif"})
    void sixteenBitsAndOpacityReadBackTheSame(String name) {
        for (Image image : new Image[] {noise(13, 7, 16), noise(13, 7, 16).toGrey(), noise(13, 7, 8), noise(13, 7, 8).toGrey()}) {
            for (Image opacity : new Image[] {null, noise(13, 7, image.bits()).toGrey()}) {
                ImageFiles.write(new Photo(image, opacity, Metadata.NONE), folder.resolve(name));
                Photo read = ImageFiles.readPhoto(folder.resolve(name));
                assertThat(read.image()).isEqualTo(image);
                assertThat(read.opacity()).isEqualTo(opacity);
            }
        }
    }

    @Test void webpKeepsOpacityAndRoundsTo8Bits() {
        Image image = noise(13, 7, 16), opacity = noise(13, 7, 8).toGrey();
        ImageFiles.write(new Photo(image, opacity, Metadata.NONE.withProfile(LINEAR)), folder.resolve("a.webp"));
        Photo read = ImageFiles.readPhoto(folder.resolve("a.webp"));
        assertThat(read.image()).isEqualTo(image.to8Bits());
        assertThat(read.opacity()).isEqualTo(opacity);
    }

    @Test void jpegLaysOpacityOnWhite() {
        byte[] clear = new byte[3 * 64], opaque = new byte[3 * 64];
        Arrays.fill(opaque, (byte) 255);
        ImageFiles.write(new Photo(Image.of(8, 8, clear), Image.of(8, 8, clear), Metadata.NONE), folder.resolve("clear.jpg"));
        ImageFiles.write(new Photo(Image.of(8, 8, clear), Image.of(8, 8, opaque), Metadata.NONE), folder.resolve("opaque.jpg"));
        assertThat(ImageFiles.read(folder.resolve("clear.jpg")).sample(0)).isEqualTo(255);
        assertThat(ImageFiles.read(folder.resolve("opaque.jpg")).sample(0)).isEqualTo(0);
    }

    @Test void greyStaysGrey() throws IOException {
        Photo grey = new Photo(noise(16, 16, 8).toGrey(), null, Metadata.NONE.withProfile(GREY));
        for (String name : new String[] {"a.png", "a.jpg", "a.tif"}) {
            ImageFiles.write(grey.restored(noise(32, 32, 8)), folder.resolve(name));
            assertThat(ImageIO.read(folder.resolve(name).toFile()).getRaster().getNumBands()).isEqualTo(1);
            assertThat(ImageFiles.readPhoto(folder.resolve(name)).metadata().profile()).as(name).isEqualTo(GREY);
        }
        Photo ofRgbProfile = grey.with(Metadata.NONE.withProfile(LINEAR));
        ImageFiles.write(ofRgbProfile.restored(noise(32, 32, 8)), folder.resolve("three.png"));
        assertThat(ImageIO.read(folder.resolve("three.png").toFile()).getRaster().getNumBands()).isEqualTo(3);
        assertThat(ImageFiles.readPhoto(folder.resolve("three.png")).image().isGrey()).isTrue();
        assertThat(Photo.of(noise(16, 16, 8)).restored(noise(32, 32, 8)).image().isGrey()).as("a coloured photo").isFalse();
    }

    @Test void opacityIsEnlargedWithTheImageWithoutGhosts() {
        byte[] step = new byte[3 * 16 * 4];
        for (int i = 0; i < step.length; i++) step[i] = (byte) (i / 3 % 16 < 8 ? 0 : 255);
        Photo photo = new Photo(noise(16, 4, 8), Image.of(16, 4, step), Metadata.NONE).restored(noise(64, 16, 8));
        for (int x = 0; x < 64; x++) {
            int v = photo.opacity().sample(3 * (8 * 64 + x));
            if (x < 24) assertThat(v).as("x " + x).isZero();
            if (x >= 40) assertThat(v).as("x " + x).isEqualTo(255);
        }
    }

    @Test void damagedMetadataIsNoReasonToRefuseAPhoto() throws IOException {
        Metadata good = everything(LINEAR, new byte[20]);
        Random random = new Random(3);
        for (int k = 0; k < 60; k++) {
            byte[] exif = good.exif().clone();
            for (int flips = 0; flips < 4; flips++) exif[random.nextInt(exif.length)] = (byte) random.nextInt();
            Metadata damaged = new Metadata(exif, good.xmp(), good.profile(), good.resolution(), "settings");
            for (String name : new String[] {"a.png", "a.tif"}) {
                ImageFiles.write(new Photo(noise(5, 4, 8), null, damaged), folder.resolve(name));
                assertThat(ImageFiles.readPhoto(folder.resolve(name)).metadata().profile()).isEqualTo(LINEAR);
            }
        }
    }

    @Test void resizingAndColourOf16BitsAgreeWith8() {
        Image deep = noise(40, 30, 16), shallow = deep.to8Bits();
        for (Filter filter : new Filter[] {Filter.LANCZOS, Filter.BICUBIC, Filter.NEAREST}) {
            near(Resize.resize(deep, 77, 50, filter), Resize.resize(shallow, 77, 50, filter), 2);
        }
        Image style = noise(40, 30, 16).toGrey();
        for (ColorFix fix : new ColorFix[] {ColorFix.ADAIN, ColorFix.WAVELET, ColorFix.NONE}) {
            near(fix.apply(deep, style), fix.apply(shallow, style.to8Bits()), 2);
        }
        assertThat(Image.fromFloats(deep.toFloats(), 40, 30, 16)).isEqualTo(deep);
        assertThat(deep.crop(3, 4, 20, 10).padTo(8).to8Bits()).isEqualTo(shallow.crop(3, 4, 20, 10).padTo(8));
    }

    private static void near(Image deep, Image shallow, int most) {
        assertThat(deep.bits()).isEqualTo(16);
        Image rounded = deep.to8Bits();
        for (int i = 0; i < rounded.rgb().length; i++) assertThat(Math.abs(rounded.sample(i) - shallow.sample(i))).isLessThanOrEqualTo(most);
    }

    private static Map<String, String> tags(Path file) throws IOException, ImageProcessingException {
        Map<String, String> tags = new TreeMap<>();
        for (Directory d : ImageMetadataReader.readMetadata(file.toFile()).getDirectories()) {
            assertThat(d.getErrors()).isEmpty();
            for (Tag t : d.getTags()) tags.merge(t.getTagName(), String.valueOf(t.getDescription()), (a, b) -> a + "; " + b);
        }
        return tags;
    }

    private List<String> names() throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).toList();
        }
    }

    private static Image noise(int width, int height, int bits) {
        byte[] high = new byte[3 * width * height], low = bits == 16 ? new byte[high.length] : null;
        Random random = new Random(width);
        random.nextBytes(high);
        if (low != null) random.nextBytes(low);
        return Image.of(width, height, high, low);
    }
}
