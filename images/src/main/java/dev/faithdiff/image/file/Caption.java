package dev.faithdiff.image.file;

import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * What a photo shows, in the words of a file of its name beside it.
 *
 * @param text    null: there is no caption, or it cannot be read
 * @param remarks sentences for the user about how the file was read
 */
public record Caption(String text, List<String> remarks) {
    public static final Caption NONE = new Caption(null, List.of());
    private static final String[] KEYS = {"caption", "prompt"};
    private static final int MOST_BYTES = 1 << 20;

    /**
     * The text of {@code photo.txt}; or, of {@code photo.json}, the text that it is or its {@code caption} or {@code prompt}. There is none
     * without such a file, and where the JSON holds no caption, since other programs leave files of that name, too. It never fails: a file
     * that cannot be read is a remark.
     */
    public static Caption of(Path photo) {
        try {
            return of(photo.getFileName().toString(), name -> {
                Path file = photo.resolveSibling(name);
                return Files.isRegularFile(file) ? new Text(file.toString(), Files.newInputStream(file)) : null;
            });
        } catch (InvalidPathException e) {
            return NONE; // the photo's name cannot be written in this locale
        }
    }

    /** As {@link #of(Path)}, wherever files lie. @param photo its name without folders. @param folder of the photo */
    public static Caption of(String photo, Folder folder) {
        Caption text = read(ImageFiles.stem(photo) + ".txt", folder, false);
        return text != null ? text : Objects.requireNonNullElse(read(ImageFiles.stem(photo) + ".json", folder, true), NONE);
    }

    /** A file of text. @param name what remarks call it. @param bytes are closed after reading */
    public record Text(String name, InputStream bytes) {}

    /** A photo's folder. */
    public interface Folder {
        /** The file of a name, null without one. */
        Text open(String name) throws IOException;
    }

    /** The file of a photo's text, which need not exist. */
    public static Path beside(Path photo) { return photo.resolveSibling(ImageFiles.stem(photo.getFileName().toString()) + ".txt"); }

    /** Null without such a file. */
    private static Caption read(String name, Folder folder, boolean json) {
        List<String> remarks = new ArrayList<>();
        String file = name;
        try {
            Text found = folder.open(name);
            if (found == null) return null;
            file = found.name;
            byte[] bytes;
            try (InputStream in = found.bytes) {
                bytes = in.readNBytes(MOST_BYTES + 1);
            }
            if (bytes.length > MOST_BYTES) return skipped(file, "it has more than " + MOST_BYTES + " bytes");
            String text = decoded(bytes, file, remarks);
            if (text.indexOf('\0') >= 0) return skipped(file, "it is no text");
            return new Caption(json ? find(JsonParser.parseString(text)) : text.strip(), remarks);
        } catch (JsonParseException e) {
            return skipped(file, "it is no JSON");
        } catch (IOException e) {
            return skipped(file, ImageFiles.reason(e));
        }
    }

    private static Caption skipped(String file, String why) {
        return new Caption(null, List.of("the caption " + file + " is not used: " + why));
    }

    /** By its byte order mark, else UTF-8, else what Windows wrote before: every file is some text in that. */
    private static String decoded(byte[] bytes, String file, List<String> remarks) {
        if (begins(bytes, 0xFF, 0xFE)) return new String(bytes, 2, bytes.length - 2, StandardCharsets.UTF_16LE);
        if (begins(bytes, 0xFE, 0xFF)) return new String(bytes, 2, bytes.length - 2, StandardCharsets.UTF_16BE);
        int mark = begins(bytes, 0xEF, 0xBB, 0xBF) ? 3 : 0;
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, mark, bytes.length - mark)).toString();
        } catch (CharacterCodingException e) {
            remarks.add("the caption " + file + " is no UTF-8 text and was read as Windows-1252");
            return new String(bytes, Charset.forName("windows-1252"));
        }
    }

    private static boolean begins(byte[] bytes, int... mark) {
        if (bytes.length < mark.length) return false;
        for (int i = 0; i < mark.length; i++) if ((bytes[i] & 0xFF) != mark[i]) return false;
        return true;
    }

    private static String find(JsonElement e) {
        if (e.isJsonPrimitive()) return e.getAsString().strip();
        if (!e.isJsonObject()) return null;
        for (String key : KEYS) {
            JsonElement v = e.getAsJsonObject().get(key);
            if (v != null && v.isJsonPrimitive()) return v.getAsString().strip();
        }
        return null;
    }
}
