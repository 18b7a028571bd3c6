package dev.faithdiff.quality.ocr;

import java.util.Arrays;
import java.util.List;
import java.util.function.BiPredicate;

/**
 * How well words were recognised, as counts, which add up over photos. This project's own protocol: words of one folded text are equal, and places
 * match from an overlap of one half on, by a largest one-to-one assignment.
 *
 * @param matched    words found with their text, wherever they are
 * @param placed     words found with their text in their place
 * @param located    words found in their place with any text
 * @param charErrors characters to change (Levenshtein) of the words in reading order, joined by spaces, {@code wordErrors} whole words
 */
public record TextScore(int truth, int recognised, int matched, int placed, int located, int charErrors, int truthChars, int wordErrors) {
    private static final double SAME_PLACE = 0.5;

    public static TextScore of(List<Word> truth, List<Word> recognised) {
        List<Word> a = counting(truth), b = counting(recognised);
        String[] textsA = a.stream().map(Word::folded).toArray(String[]::new), textsB = b.stream().map(Word::folded).toArray(String[]::new);
        boolean[][] same = pairs(a.size(), b.size(), (i, j) -> textsA[i].equals(textsB[j]));
        boolean[][] near = pairs(a.size(), b.size(), (i, j) -> Overlap.of(a.get(i), b.get(j)) >= SAME_PLACE);
        boolean[][] both = pairs(a.size(), b.size(), (i, j) -> same[i][j] && near[i][j]);
        Integer[] charsA = String.join(" ", textsA).codePoints().boxed().toArray(Integer[]::new);
        Integer[] charsB = String.join(" ", textsB).codePoints().boxed().toArray(Integer[]::new);
        return new TextScore(a.size(), b.size(), assignment(same), assignment(both), assignment(near), changes(charsA, charsB), charsA.length,
                changes(textsA, textsB));
    }

    public TextScore plus(TextScore s) {
        return new TextScore(truth + s.truth, recognised + s.recognised, matched + s.matched, placed + s.placed, located + s.located,
                charErrors + s.charErrors, truthChars + s.truthChars, wordErrors + s.wordErrors);
    }

    /** @param found {@link #matched}, {@link #placed} or {@link #located} */
    public double precision(int found) { return share(found, recognised, truth); }

    public double recall(int found) { return share(found, truth, recognised); }

    /** The harmonic mean of both. */
    public double f1(int found) {
        double p = precision(found), r = recall(found);
        return p + r == 0 ? 0 : 2 * p * r / (p + r);
    }

    /** Character errors a character of the truth; may exceed 1. */
    public double cer() { return charErrors / (double) Math.max(1, truthChars); }

    /** Word errors a word of the truth; may exceed 1. */
    public double wer() { return wordErrors / (double) Math.max(1, truth); }

    /** Of nothing, nothing is right, unless there was nothing on the other side either. */
    private static double share(int found, int of, int other) { return of > 0 ? found / (double) of : other == 0 ? 1 : 0; }

    private static List<Word> counting(List<Word> words) { return words.stream().filter(w -> !w.folded().isEmpty()).toList(); }

    private static boolean[][] pairs(int n, int m, BiPredicate<Integer, Integer> test) {
        boolean[][] pairs = new boolean[n][m];
        for (int i = 0; i < n; i++) for (int j = 0; j < m; j++) pairs[i][j] = test.test(i, j);
        return pairs;
    }

    /** The size of a largest one-to-one assignment, by augmenting paths (Kuhn 1955). */
    private static int assignment(boolean[][] allowed) {
        int size = 0, columns = allowed.length == 0 ? 0 : allowed[0].length;
        int[] rowOf = new int[columns];
        Arrays.fill(rowOf, -1);
        for (int i = 0; i < allowed.length; i++) if (augment(allowed, i, rowOf, new boolean[columns])) size++;
        return size;
    }

    private static boolean augment(boolean[][] allowed, int row, int[] rowOf, boolean[] seen) {
        for (int j = 0; j < seen.length; j++) {
            if (!allowed[row][j] || seen[j]) continue;
            seen[j] = true;
            if (rowOf[j] >= 0 && !augment(allowed, rowOf[j], rowOf, seen)) continue;
            rowOf[j] = row;
            return true;
        }
        return false;
    }

    /** Levenshtein's distance. */
    private static int changes(Object[] a, Object[] b) {
        int[] before = new int[b.length + 1];
        for (int j = 0; j <= b.length; j++) before[j] = j;
        for (int i = 1; i <= a.length; i++) {
            int[] now = new int[b.length + 1];
            now[0] = i;
            for (int j = 1; j <= b.length; j++) {
                now[j] = Math.min(before[j - 1] + (a[i - 1].equals(b[j - 1]) ? 0 : 1), Math.min(before[j], now[j - 1]) + 1);
            }
            before = now;
        }
        return before[b.length];
    }
}
