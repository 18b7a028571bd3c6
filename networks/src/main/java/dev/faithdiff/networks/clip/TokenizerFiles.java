package dev.faithdiff.networks.clip;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.Strictness;
import dev.faithdiff.model.ModelError;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The files of a published CLIP tokenizer folder, read and checked.
 *
 * @param vocabulary token to id, from {@code vocab.json}
 * @param merges pairs of symbols in order, from {@code merges.txt}
 * @param special content of {@code bos_token}, {@code eos_token}, {@code unk_token} and {@code pad_token}
 * @param isOfOpenClip whether the config names open_clip's class of tokenizers
 */
record TokenizerFiles(Map<String, Integer> vocabulary, List<String[]> merges, Map<String, String> special, boolean isOfOpenClip) {
    /** The Python class reads no more merges than this: 49152 - 256 - 2. */
    private static final int MOST_MERGES = 48894;
    private static final Gson GSON = new GsonBuilder().setStrictness(Strictness.STRICT).create();

    /** @throws ModelError for a missing or malformed file */
    static TokenizerFiles read(Path folder) {
        var vocabulary = vocabulary(folder.resolve("vocab.json"));
        var special = specialTokens(folder, vocabulary);
        var kind = readObject(folder.resolve("tokenizer_config.json")).get("tokenizer_class");
        boolean isOfOpenClip = kind != null && kind.isJsonPrimitive() && kind.getAsString().equals("SimpleTokenizer");
        return new TokenizerFiles(vocabulary, merges(folder.resolve("merges.txt")), special, isOfOpenClip);
    }

    private static Map<String, Integer> vocabulary(Path file) {
        var json = readObject(file);
        var vocabulary = HashMap.<String, Integer>newHashMap(json.size());
        for (var entry : json.entrySet()) {
            var value = entry.getValue();
            boolean isId = value.isJsonPrimitive() && value.getAsJsonPrimitive().isNumber() && value.getAsString().matches("\\d{1,9}");
            if (!isId) throw bad(file, "the id of \"" + entry.getKey() + "\" is " + value + ", not a whole number");
            vocabulary.put(entry.getKey(), value.getAsInt());
        }
        return vocabulary;
    }

    private static List<String[]> merges(Path file) {
        var lines = readText(file).strip().lines().toList();
        var merges = new ArrayList<String[]>(lines.size());
        for (int i = 1; i < lines.size() && i <= MOST_MERGES; i++) {
            var pair = lines.get(i).strip().split(" +");
            if (pair.length != 2) throw bad(file, "line " + (i + 1) + " is \"" + lines.get(i) + "\", not a pair of symbols");
            merges.add(pair);
        }
        return merges;
    }

    /** The map of special tokens wins over the tokenizer's config, as in transformers for this file layout. */
    private static Map<String, String> specialTokens(Path folder, Map<String, Integer> vocabulary) {
        var mapFile = folder.resolve("special_tokens_map.json");
        var configFile = folder.resolve("tokenizer_config.json");
        var map = readObject(mapFile);
        var config = readObject(configFile);
        var special = new HashMap<String, String>();
        for (var name : List.of("bos_token", "eos_token", "unk_token", "pad_token")) {
            var file = map.has(name) ? mapFile : configFile;
            var content = content((map.has(name) ? map : config).get(name));
            if (content == null) throw bad(file, "no text for " + name);
            if (!vocabulary.containsKey(content)) throw bad(file, name + " \"" + content + "\" is not in vocab.json");
            special.put(name, content);
        }
        return special;
    }

    /** A token is written as its text or as an object with its text under "content". */
    private static String content(JsonElement token) {
        if (token != null && token.isJsonObject()) token = token.getAsJsonObject().get("content");
        boolean isText = token != null && token.isJsonPrimitive() && token.getAsJsonPrimitive().isString();
        return isText && !token.getAsString().isEmpty() ? token.getAsString() : null;
    }

    private static JsonObject readObject(Path file) {
        try {
            var json = GSON.fromJson(readText(file), JsonElement.class);
            if (json == null || !json.isJsonObject()) throw bad(file, "not a JSON object");
            return json.getAsJsonObject();
        } catch (JsonParseException e) {
            throw bad(file, "not valid JSON, " + e.getMessage().lines().findFirst().orElse("") );
        }
    }

    private static String readText(Path file) {
        try {
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw bad(file, "there is no such file");
        } catch (CharacterCodingException e) {
            throw bad(file, "not UTF-8 text");
        } catch (IOException e) {
            throw bad(file, e.getMessage());
        }
    }

    private static ModelError bad(Path file, String reason) { return new ModelError(file, reason); }
}
