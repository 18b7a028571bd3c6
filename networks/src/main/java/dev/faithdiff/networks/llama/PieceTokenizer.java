package dev.faithdiff.networks.llama;

import dev.faithdiff.model.ModelError;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * LLaMA's tokenizer: byte-pair encoding of SentencePiece (Kudo and Richardson, arXiv:1808.06226) with byte fallback. A space is put in front of each
 * text, spaces are U+2581, of neighbouring pieces those merge first whose union has the best score, and what is no piece becomes the bytes of UTF-8.
 */
public final class PieceTokenizer {
    /** Ids of the pieces for what is unknown, for a text's begin and for its end. */
    public static final int UNKNOWN = 0, BEGIN = 1, END = 2;
    private static final char SPACE = '\u2581';
    private static final int LONGEST = 1 << 13;

    private final List<PieceFile.Piece> pieces;
    private final Map<String, Integer> words = new HashMap<>();
    private final int[] bytes = new int[256];

    private PieceTokenizer(Path file, List<PieceFile.Piece> pieces) {
        this.pieces = pieces;
        Arrays.fill(bytes, -1);
        for (int id = 0; id < pieces.size(); id++) {
            PieceFile.Piece p = pieces.get(id);
            if (p.isByte()) bytes[Integer.parseInt(p.text().substring(3, 5), 16)] = id;
            else if (p.isText()) words.putIfAbsent(p.text(), id);
        }
        for (int id : bytes) if (id < 0) throw new ModelError(file, "has no piece for each byte, so it is no tokenizer of LLaMA");
    }

    /** Reads {@code tokenizer.model}. @throws ModelError if it is missing, damaged or of another kind */
    public static PieceTokenizer read(Path file) { return new PieceTokenizer(file, PieceFile.read(file).pieces()); }

    /** How many pieces there are. */
    public int size() { return pieces.size(); }

    /** The pieces of a text, without a begin or an end. @throws IllegalArgumentException if it has more than 8192 characters */
    public int[] encode(String text) {
        if (text.isEmpty()) return new int[0];
        if (text.length() > LONGEST) throw new IllegalArgumentException("a text for a language model has at most " + LONGEST + " characters");
        List<String> parts = new ArrayList<>();
        (SPACE + text.replace(' ', SPACE)).codePoints().forEach(c -> parts.add(Character.toString(c)));
        for (int best; (best = best(parts)) >= 0; ) parts.set(best, parts.get(best) + parts.remove(best + 1));
        return parts.stream().flatMapToInt(p -> Arrays.stream(ids(p))).toArray();
    }

    /** The place of the first of two neighbours that merge first, or -1. */
    private int best(List<String> parts) {
        int best = -1;
        float score = 0;
        for (int i = 0; i + 1 < parts.size(); i++) {
            Integer id = words.get(parts.get(i) + parts.get(i + 1));
            if (id == null || best >= 0 && pieces.get(id).score() <= score) continue;
            best = i;
            score = pieces.get(id).score();
        }
        return best;
    }

    private int[] ids(String part) {
        Integer id = words.get(part);
        if (id != null) return new int[] {id};
        byte[] utf8 = part.getBytes(StandardCharsets.UTF_8);
        int[] ids = new int[utf8.length];
        for (int i = 0; i < ids.length; i++) ids[i] = bytes[utf8[i] & 0xff];
        return ids;
    }

    /** The text of pieces, without those for begin, end and the unknown and the space of the first one. Bytes that are no UTF-8 are U+FFFD. */
    public String decode(int... ids) {
        StringBuilder text = new StringBuilder();
        ByteArrayOutputStream run = new ByteArrayOutputStream();
        boolean begun = false;
        for (int id : ids) {
            if (id < 0 || id >= pieces.size()) continue;
            PieceFile.Piece p = pieces.get(id);
            if (p.isByte()) run.write(Integer.parseInt(p.text().substring(3, 5), 16));
            if (!p.isByte() && p.isText()) {
                boolean isFirst = text.isEmpty() && run.size() == 0 && !begun;
                begun = true;
                flush(run, text);
                text.append((isFirst && p.text().charAt(0) == SPACE ? p.text().substring(1) : p.text()).replace(SPACE, ' '));
            }
        }
        flush(run, text);
        return text.toString();
    }

    private static void flush(ByteArrayOutputStream run, StringBuilder to) {
        byte[] all = run.toByteArray();
        run.reset();
        for (int at = 0; at < all.length; ) {
            int length = character(all, at);
            to.append(length == 0 ? "\uFFFD" : new String(all, at, length, StandardCharsets.UTF_8));
            at += Math.max(1, length);
        }
    }

    /** The bytes of the character that begins at an index; 0 if none does. */
    private static int character(byte[] all, int at) {
        for (int length = 1; length <= Math.min(4, all.length - at); length++) {
            String s = new String(all, at, length, StandardCharsets.UTF_8);
            if (s.codePointCount(0, s.length()) == 1 && Arrays.equals(s.getBytes(StandardCharsets.UTF_8), Arrays.copyOfRange(all, at, at + length))) {
                return length;
            }
        }
        return 0;
    }
}
