package dev.faithdiff.convert.system;

import com.google.gson.JsonObject;
import dev.faithdiff.networks.llama.PieceFile;
import dev.faithdiff.networks.llama.PieceFile.Piece;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Tokenizers without merges: every byte of a prompt is a token. Source of CLIP's: the byte table of GPT-2, in CLIP's order. */
final class ByteTokenizer {
    private static final String START = "<|startoftext|>", END = "<|endoftext|>";

    private ByteTokenizer() { }

    /** The files of a tokenizer's folder; start and end are the last two of {@code size} ids, and the end is the largest, as published. */
    static Map<String, byte[]> files(String folder, int size, String padding) {
        JsonObject vocabulary = new JsonObject(), special = new JsonObject();
        StringBuilder symbols = new StringBuilder();
        for (char c = 0; c < 256; c++) if (visible(c)) symbols.append(c);
        for (char c = 256; symbols.length() < 256; c++) symbols.append(c); // stand for the bytes that cannot be seen
        for (int i = 0; i < 256; i++) vocabulary.addProperty(symbols.substring(i, i + 1), i);
        for (int i = 0; i < 256; i++) vocabulary.addProperty(symbols.charAt(i) + "</w>", 256 + i);
        vocabulary.addProperty(START, size - 2);
        vocabulary.addProperty(END, size - 1);
        special.addProperty("bos_token", START);
        special.addProperty("eos_token", END);
        special.addProperty("pad_token", padding);
        special.addProperty("unk_token", END);
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put(folder + "/vocab.json", bytes(Published.text(vocabulary)));
        files.put(folder + "/merges.txt", bytes("#version: 0.2\n"));
        files.put(folder + "/special_tokens_map.json", bytes(Published.text(special)));
        files.put(folder + "/tokenizer_config.json", bytes(Published.text(special)));
        return files;
    }

    /** LLaMA's {@code tokenizer.model} without pieces but bytes and a space; the others of {@code size} are words that no text has. */
    static byte[] pieces(int size) {
        List<Piece> pieces = new ArrayList<>(List.of(new Piece("<unk>", 0, 2), new Piece("<s>", 0, 3), new Piece("</s>", 0, 3)));
        for (int b = 0; b < 256; b++) pieces.add(new Piece("<0x%02X>".formatted(b), 0, 6));
        pieces.add(new Piece("\u2581", 0, 1));
        while (pieces.size() < size) pieces.add(new Piece("\u2581w" + pieces.size(), -pieces.size(), 1));
        return PieceFile.write(pieces);
    }

    /** T5's {@code spiece.model} of the characters of ASCII. */
    static byte[] characters() {
        List<Piece> pieces = new ArrayList<>(List.of(new Piece("<pad>", 0, 3), new Piece("</s>", 0, 3), new Piece("<unk>", 0, 2),
                new Piece("\u2581", -1, 1)));
        for (char c = '!'; c <= '~'; c++) pieces.add(new Piece(Character.toString(c), -2, 1));
        return PieceFile.write(pieces);
    }

    private static boolean visible(char c) { return c >= '!' && c <= '~' || c >= 0xA1 && c != 0xAD; }

    private static byte[] bytes(String text) { return text.getBytes(StandardCharsets.UTF_8); }
}
