package dev.faithdiff.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.faithdiff.image.ImageError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** One photo to restore, and the file that is written. */
record Job(Path in, Path out) {
    private static final String[] CAPTION_KEYS = {"caption", "prompt"};

    /**
     * What the photo shows, as the text of a file of its name with .txt, or as "caption" or "prompt" in one with .json; null without them.
     *
     * @throws ImageError if such a file cannot be read
     */
    String caption() {
        Path text = sibling(".txt"), json = sibling(".json");
        try {
            if (Files.isRegularFile(text)) return Files.readString(text).strip();
            if (!Files.isRegularFile(json)) return null;
            JsonElement root = JsonParser.parseString(Files.readString(json));
            if (!root.isJsonObject()) return null;
            for (String key : CAPTION_KEYS) {
                JsonElement v = root.getAsJsonObject().get(key);
                if (v != null && v.isJsonPrimitive()) return v.getAsString().strip();
            }
            return null;
        } catch (IOException | JsonParseException e) {
            throw new ImageError("cannot read the caption " + (Files.isRegularFile(text) ? text : json) + ": it is no "
                    + (Files.isRegularFile(text) ? "UTF-8 text" : "JSON"), e);
        }
    }

    private Path sibling(String extension) { return in.resolveSibling(stem(in.getFileName().toString()) + extension); }

    /** A file's name without its extension. */
    static String stem(String name) { return name.lastIndexOf('.') <= 0 ? name : name.substring(0, name.lastIndexOf('.')); }

    /** A file's extension in lower case, without its dot; empty without one. */
    static String extension(String name) {
        return name.lastIndexOf('.') <= 0 ? "" : name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    }
}
