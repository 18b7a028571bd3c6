package dev.faithdiff.convert.system;

import com.google.gson.JsonObject;
import dev.faithdiff.model.Config;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A tokenizer of CLIP as open_clip reads it, which pads with the first token and takes no word for a mark. */
final class OpenClipTokenizer {
    private OpenClipTokenizer() { }

    /** Changes the files of a tokenizer among those of a model folder. */
    static void change(Map<String, byte[]> files, String tokenizer) {
        for (String name : List.of(tokenizer + "/tokenizer_config.json", tokenizer + "/special_tokens_map.json")) {
            byte[] text = files.get(name);
            if (text == null) continue;
            JsonObject json = Config.of(Path.of(name), new String(text, StandardCharsets.UTF_8)).json();
            json.addProperty("pad_token", "!");
            if (name.endsWith("config.json")) json.addProperty("tokenizer_class", "SimpleTokenizer");
            files.put(name, Published.text(json).getBytes(StandardCharsets.UTF_8));
        }
    }
}
