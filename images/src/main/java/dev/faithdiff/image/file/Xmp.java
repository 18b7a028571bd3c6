package dev.faithdiff.image.file;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerException;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.Attr;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NamedNodeMap;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;
import org.xml.sax.helpers.DefaultHandler;

/** XMP packets: XML that may repeat size and orientation, and may promise parts of the file that are not carried (ISO 16684-1). */
final class Xmp {
    private static final String TIFF = "http://ns.adobe.com/tiff/1.0/", EXIF = "http://ns.adobe.com/exif/1.0/";
    private static final String XMLNS = "http://www.w3.org/2000/xmlns/", GOOGLE = "http://ns.google.com/photos/";
    /** Of namespaces wholly about lost parts: gain maps, second pictures, depth, sound. */
    private static final List<String> LOST = List.of("http://ns.adobe.com/hdr-gain-map/", "http://ns.apple.com/HDRGainMap/",
            "http://ns.apple.com/pixeldatainfo/", GOOGLE + "1.0/container/", GOOGLE + "1.0/depthmap/", GOOGLE + "1.0/image/", GOOGLE + "1.0/audio/",
            GOOGLE + "dd/1.0/");
    private static final List<String> LOST_VIDEO = List.of("MotionPhoto", "MicroVideo");

    private Xmp() {}

    /** 1 to 8, or 0 where the packet says nothing or nothing valid. */
    static int orientation(byte[] packet) {
        Document xml = packet == null ? null : parsed(packet);
        int[] found = new int[1];
        if (xml != null) for (Node n : properties(xml)) if (is(n, TIFF, "Orientation") && n.getTextContent().strip().matches("[1-8]")) {
            found[0] = Integer.parseInt(n.getTextContent().strip());
        }
        return found[0];
    }

    /** Whether it promises a video, a gain map, a depth map or the like, which are no part of the picture. */
    static boolean promisesMore(byte[] packet) {
        Document xml = packet == null ? null : parsed(packet);
        return xml != null && properties(xml).stream().anyMatch(n -> isOfLostPart(n) && !XMLNS.equals(n.getNamespaceURI()));
    }

    /** The packet of an upright picture of a size without what it promises in vain; a packet that is no XML is kept as it is. */
    static byte[] ofResult(byte[] packet, int width, int height) {
        Document xml = parsed(packet);
        if (xml == null) return packet;
        boolean changed = false;
        for (Node n : properties(xml)) {
            if (isOfLostPart(n) || is(n, "http://ns.adobe.com/xmp/note/", "HasExtendedXMP") || is(n, "http://ns.adobe.com/xap/1.0/", "Thumbnails")) {
                remove(n);
                changed = true;
            } else {
                changed |= set(n, TIFF, "Orientation", 1) | set(n, TIFF, "ImageWidth", width) | set(n, TIFF, "ImageLength", height)
                        | set(n, EXIF, "PixelXDimension", width) | set(n, EXIF, "PixelYDimension", height);
            }
        }
        return changed ? written(xml, packet) : packet;
    }

    private static boolean isOfLostPart(Node n) {
        String space = XMLNS.equals(n.getNamespaceURI()) ? n.getNodeValue() : n.getNamespaceURI(), name = n.getLocalName();
        if (space == null) return false;
        return LOST.stream().anyMatch(space::startsWith)
                || space.equals(GOOGLE + "1.0/camera/") && LOST_VIDEO.stream().anyMatch(name::startsWith);
    }

    private static boolean is(Node n, String space, String name) { return space.equals(n.getNamespaceURI()) && name.equals(n.getLocalName()); }

    private static boolean set(Node n, String space, String name, int value) {
        if (!is(n, space, name) || n.getTextContent().equals(Integer.toString(value))) return false;
        n.setTextContent(Integer.toString(value));
        return true;
    }

    private static void remove(Node n) {
        if (n instanceof Attr a) a.getOwnerElement().removeAttributeNode(a);
        else n.getParentNode().removeChild(n);
    }

    /** Elements and attributes, inner ones first, so that removing one does not hide another. */
    private static List<Node> properties(Document xml) {
        List<Node> all = new ArrayList<>();
        NodeList elements = xml.getElementsByTagName("*");
        for (int i = elements.getLength() - 1; i >= 0; i--) {
            NamedNodeMap attributes = elements.item(i).getAttributes();
            for (int k = 0; k < attributes.getLength(); k++) all.add(attributes.item(k));
            if (elements.item(i) != xml.getDocumentElement()) all.add(elements.item(i));
        }
        return all;
    }

    /** Null for what is no XML; one with a document type is not taken either, since that can name other files. */
    private static Document parsed(byte[] packet) {
        try {
            var factory = DocumentBuilderFactory.newDefaultNSInstance();
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            var builder = factory.newDocumentBuilder();
            builder.setErrorHandler(new DefaultHandler());
            int end = packet.length;
            while (end > 0 && packet[end - 1] == 0) end--;
            return builder.parse(new ByteArrayInputStream(packet, 0, end));
        } catch (ParserConfigurationException | SAXException | IOException e) {
            return null;
        }
    }

    private static byte[] written(Document xml, byte[] packet) {
        var out = new ByteArrayOutputStream();
        try {
            Transformer transformer = TransformerFactory.newDefaultInstance().newTransformer();
            transformer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
            transformer.setOutputProperty(OutputKeys.ENCODING, "UTF-8");
            transformer.transform(new DOMSource(xml), new StreamResult(out));
        } catch (TransformerException e) {
            return packet;
        }
        return out.toByteArray();
    }
}
