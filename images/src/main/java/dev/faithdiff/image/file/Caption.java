package dev.faithdiff.image.file;

import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.faithdiff.image.ImageError;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a photo shows, in the words of a file of its name beside it. */
public final class Caption {
    private static final String[] KEYS = {"caption", "prompt"};

    private Caption() {}

    /**
     * The text of {@code photo.txt}; or, of {@code photo.json}, the text that it is or its {@code caption} or {@code prompt}. Null without
     * such a file, and where the JSON holds no caption, since other programs leave files of that name, too.
     *
     * @throws ImageError if the file is there but cannot be read
     */
    public static String of(Path photo) {
        String stem = ImageFiles.stem(photo.getFileName().toString());
        Path text = photo.resolveSibling(stem + ".txt"), json = photo.resolveSibling(stem + ".json");
        if (Files.isRegularFile(text)) return read(text).strip();
        if (!Files.isRegularFile(json)) return null;
        try {
            return find(JsonParser.parseString(read(json)));
        } catch (JsonParseException e) {
            throw new ImageError("cannot read the caption " + json + ": it is no JSON", e);
        }
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

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new ImageError("cannot read the caption " + file + ": it is no UTF-8 text", e);
        } catch (IOException e) {
            throw new ImageError("cannot read the caption " + file + ": " + ImageFiles.reason(e), e);
        }
    }
}
