package dev.faithdiff.networks.t5;

import dev.faithdiff.model.ModelError;
import dev.faithdiff.networks.llama.PieceFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * T5's tokenizer: SentencePiece's unigram model (Kudo, arXiv:1804.10959). A text is put together by the pieces whose scores have the largest sum;
 * what no piece has is unknown. Characters are first replaced by the file's own table, runs of spaces become one, and a space is put in front.
 */
public final class UnigramTokenizer {
    /** Ids of padding, a text's end, and what is unknown. */
    public static final int PADDING = 0, END = 1, UNKNOWN = 2;
    private static final char SPACE = '\u2581';
    private static final float UNKNOWN_PENALTY = 10;
    private static final int LONGEST = 1 << 16;

    private final Map<String, Integer> words = new HashMap<>();
    private final float[] scores;
    private final float unknown;
    private final int longest;
    private final CharacterTable table;

    private UnigramTokenizer(PieceFile file) {
        List<PieceFile.Piece> pieces = file.pieces();
        scores = new float[pieces.size()];
        float least = 0;
        int most = 1;
        for (int id = 0; id < scores.length; id++) {
            PieceFile.Piece p = pieces.get(id);
            scores[id] = p.score();
            if (!p.isText() || p.text().isEmpty()) continue;
            words.putIfAbsent(p.text(), id);
            least = Math.min(least, p.score());
            most = Math.max(most, p.text().length());
        }
        unknown = least - UNKNOWN_PENALTY;
        longest = most;
        table = new CharacterTable(file.table());
    }

    /** Reads {@code spiece.model}. @throws ModelError if it is missing or damaged */
    public static UnigramTokenizer read(Path file) {
        try {
            return new UnigramTokenizer(PieceFile.read(file));
        } catch (IllegalArgumentException e) {
            throw new ModelError(file, e.getMessage(), e);
        }
    }

    /** The pieces of a text with the end behind them, at most so many. @throws IllegalArgumentException if it has more than 65,536 characters */
    public int[] encode(String text, int most) {
        int[] pieces = pieces(text), ids = new int[Math.min(pieces.length + 1, most)];
        System.arraycopy(pieces, 0, ids, 0, ids.length - 1);
        ids[ids.length - 1] = END;
        return ids;
    }

    /** The pieces of a text. */
    int[] pieces(String text) {
        if (text.length() > LONGEST) throw new IllegalArgumentException("a text has at most " + LONGEST + " characters");
        String normal = table.apply(text).strip().replaceAll(" +", " ");
        return normal.isEmpty() ? new int[0] : best((SPACE + normal).replace(' ', SPACE));
    }

    /** The pieces with the largest sum of scores; the first of equal ones from the left. */
    private int[] best(String text) {
        int n = text.length();
        float[] sum = new float[n + 1];
        int[] from = new int[n + 1], piece = new int[n + 1];
        Arrays.fill(from, 1, n + 1, -1);
        for (int at = 0; at < n; at += Character.charCount(text.codePointAt(at))) {
            int one = at + Character.charCount(text.codePointAt(at));
            boolean has = false;
            for (int end = one; end <= Math.min(n, at + longest); end++) {
                Integer id = words.get(text.substring(at, end));
                if (id == null) continue;
                has |= end == one;
                reach(sum, from, piece, at, end, scores[id], id);
            }
            if (!has) reach(sum, from, piece, at, one, unknown, UNKNOWN);
        }
        List<Integer> ids = new ArrayList<>();
        for (int end = n; end > 0; end = from[end]) {
            boolean more = piece[end] == UNKNOWN && !ids.isEmpty() && ids.getLast() == UNKNOWN;
            if (!more) ids.add(piece[end]); // unknown neighbours are one
        }
        return ids.reversed().stream().mapToInt(Integer::intValue).toArray();
    }

    private static void reach(float[] sum, int[] from, int[] piece, int at, int end, float score, int id) {
        float all = sum[at] + score;
        if (from[end] >= 0 && all <= sum[end]) return;
        sum[end] = all;
        from[end] = at;
        piece[end] = id;
    }
}
