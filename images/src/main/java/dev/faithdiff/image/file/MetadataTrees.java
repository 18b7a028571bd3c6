package dev.faithdiff.image.file;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import org.w3c.dom.NodeList;

/** Metadata in the trees from which ImageIO's PNG and JPEG writers make chunks and segments (javax.imageio.metadata, "JPEG/PNG Metadata"). */
final class MetadataTrees {
    private static final int SEGMENT_BYTES = 65533, APP1 = 0xe1, APP2 = 0xe2, APP13 = 0xed;

    private MetadataTrees() {}

    static void png(IIOMetadata target, Metadata m, int width, int height) throws IOException {
        IIOMetadataNode root = root(target);
        if (m.profile() != null) {
            var deflated = new ByteArrayOutputStream();
            try (var out = new DeflaterOutputStream(deflated)) {
                out.write(m.profile());
            }
            IIOMetadataNode profile = child(root, "iCCP", "profileName", "ICC profile", "compressionMethod", "deflate");
            profile.setUserObject(deflated.toByteArray());
        }
        if (m.resolution() != null) {
            child(root, "pHYs", "pixelsPerUnitXAxis", m.resolution().xPerMetre(), "pixelsPerUnitYAxis", m.resolution().yPerMetre(),
                    "unitSpecifier", "meter");
        }
        IIOMetadataNode texts = new IIOMetadataNode("iTXt");
        if (m.xmp() != null) text(texts, MetadataReader.XMP_KEYWORD, new String(Xmp.ofResult(m.xmp(), width, height), StandardCharsets.UTF_8));
        if (m.settings() != null) text(texts, "parameters", m.settings());
        if (texts.hasChildNodes()) root.appendChild(texts);
        byte[] exif = Exif.of(m.withSettings(null), width, height);
        IIOMetadataNode others = new IIOMetadataNode("UnknownChunks");
        if (m.colours() != null) m.colours().chunks().forEach((type, data) -> child(others, "UnknownChunk", "type", type).setUserObject(data));
        if (exif != null) child(others, "UnknownChunk", "type", "eXIf").setUserObject(exif);
        if (others.hasChildNodes()) root.appendChild(others);
        target.setFromTree(target.getNativeMetadataFormatName(), root);
    }

    /** Asks also for as many colour samples as there are pixels (4:4:4), not a quarter. */
    static void jpeg(IIOMetadata target, Metadata m, int width, int height, List<String> remarks) throws IOException {
        IIOMetadataNode root = root(target);
        NodeList components = root.getElementsByTagName("componentSpec");
        for (int i = 0; i < components.getLength(); i++) {
            set((IIOMetadataNode) components.item(i), "HsamplingFactor", 1, "VsamplingFactor", 1);
        }
        if (m.resolution() != null && root.getElementsByTagName("app0JFIF").item(0) instanceof IIOMetadataNode jfif) {
            set(jfif, "resUnits", 1, "Xdensity", density(m.resolution().x()), "Ydensity", density(m.resolution().y()));
        }
        IIOMetadataNode sequence = (IIOMetadataNode) root.getElementsByTagName("markerSequence").item(0);
        byte[] iptc = Exif.iptc(m.exif());
        if (iptc != null) m = m.withExif(Exif.withIptc(m.exif(), null));
        List<String> tooLarge = new ArrayList<>();
        if (!segment(sequence, APP1, MetadataReader.EXIF_MARK, fittingExif(m, width, height))) tooLarge.add("EXIF");
        if (!segment(sequence, APP1, MetadataReader.XMP_MARK, m.xmp() == null ? null : Xmp.ofResult(m.xmp(), width, height))) tooLarge.add("XMP");
        if (!segment(sequence, APP13, Iptc.MARK, iptc == null ? null : Iptc.resource(iptc))) tooLarge.add("IPTC");
        if (!tooLarge.isEmpty()) remarks.add("the " + String.join(" and ", tooLarge) + " is too large for JPEG and left out");
        if (m.profile() != null) profile(sequence, m.profile());
        target.setFromTree(target.getNativeMetadataFormatName(), root);
    }

    /** Without the settings where only they make it too long for its segment. */
    private static byte[] fittingExif(Metadata m, int width, int height) {
        byte[] exif = Exif.of(m, width, height);
        return exif != null && exif.length > SEGMENT_BYTES - MetadataReader.EXIF_MARK.length() ? Exif.of(m.withSettings(null), width, height) : exif;
    }

    /** A profile in numbered parts (ICC.1, B.4). */
    private static void profile(IIOMetadataNode sequence, byte[] profile) {
        int most = SEGMENT_BYTES - MetadataReader.PROFILE_MARK.length() - 2, parts = Math.ceilDiv(profile.length, most);
        for (int k = 0; k < parts && parts < 256; k++) {
            String mark = MetadataReader.PROFILE_MARK + (char) (k + 1) + (char) parts;
            segment(sequence, APP2, mark, Arrays.copyOfRange(profile, k * most, Math.min((k + 1) * most, profile.length)));
        }
    }

    /** Nothing where there is no data. Whether it fits into a segment. */
    private static boolean segment(IIOMetadataNode sequence, int marker, String mark, byte[] data) {
        if (data == null) return true;
        if (mark.length() + data.length > SEGMENT_BYTES) return false;
        byte[] whole = Arrays.copyOf(mark.getBytes(StandardCharsets.ISO_8859_1), mark.length() + data.length);
        System.arraycopy(data, 0, whole, mark.length(), data.length);
        IIOMetadataNode node = new IIOMetadataNode("unknown");
        set(node, "MarkerTag", marker).setUserObject(whole);
        sequence.insertBefore(node, sequence.getElementsByTagName("dqt").item(0));
        return true;
    }

    private static int density(double perInch) { return Math.clamp(Math.round(perInch), 1, 65535); }

    private static IIOMetadataNode root(IIOMetadata metadata) { return (IIOMetadataNode) metadata.getAsTree(metadata.getNativeMetadataFormatName()); }

    private static void text(IIOMetadataNode texts, String keyword, String text) {
        child(texts, "iTXtEntry", "keyword", keyword, "compressionFlag", "FALSE", "compressionMethod", 0, "languageTag", "", "translatedKeyword", "",
                "text", text);
    }

    private static IIOMetadataNode child(IIOMetadataNode parent, String name, Object... attributes) {
        IIOMetadataNode child = new IIOMetadataNode(name);
        parent.appendChild(child);
        return set(child, attributes);
    }

    private static IIOMetadataNode set(IIOMetadataNode node, Object... attributes) {
        for (int i = 0; i < attributes.length; i += 2) node.setAttribute((String) attributes[i], attributes[i + 1].toString());
        return node;
    }
}
