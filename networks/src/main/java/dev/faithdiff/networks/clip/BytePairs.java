package dev.faithdiff.networks.clip;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Byte-pair encoding of one word at a time, as in CLIP: UTF-8 bytes written as printable characters, the last one with
 * {@code </w>}, merged pair by pair in the order of the merges file (Sennrich et al. 2016, arXiv:1508.07909).
 */
final class BytePairs {
    private static final String WORD_END = "</w>";
    private static final int CACHED_WORDS = 8192;
    private static final int CACHED_WORD_LENGTH = 64;

    private record Merge(int rank, int result) {}

    private final Map<String, Integer> symbols;
    private final int vocabularyEnd;
    private final int unknown;
    private final int[] inside = new int[256];
    private final int[] last = new int[256];
    private final Map<Long, Merge> merges;
    private final Map<String, int[]> cache = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, int[]> eldest) { return size() > CACHED_WORDS; }
    };

    /** @param merges pairs of symbols, the most important first; symbols outside the vocabulary become {@code unknown} */
    BytePairs(Map<String, Integer> vocabulary, List<String[]> merges, int unknown) {
        this.symbols = new HashMap<>(vocabulary);
        this.vocabularyEnd = vocabulary.values().stream().mapToInt(Integer::intValue).max().orElse(-1) + 1;
        this.unknown = unknown;
        for (int b = 0; b < 256; b++) {
            var character = String.valueOf(printable(b));
            inside[b] = symbol(character);
            last[b] = symbol(character + WORD_END);
        }
        this.merges = HashMap.newHashMap(merges.size());
        for (int rank = 0; rank < merges.size(); rank++) {
            var pair = merges.get(rank);
            this.merges.put(key(symbol(pair[0]), symbol(pair[1])), new Merge(rank, symbol(pair[0] + pair[1])));
        }
    }

    /** The token ids of a word without spaces; at least one. */
    synchronized int[] encode(String word) {
        var known = cache.get(word);
        if (known != null) return known;
        var ids = merge(word.getBytes(StandardCharsets.UTF_8));
        if (word.length() <= CACHED_WORD_LENGTH) cache.put(word, ids);
        return ids;
    }

    private int[] merge(byte[] bytes) {
        var word = new int[bytes.length];
        int length = word.length;
        for (int i = 0; i < length; i++) word[i] = (i < length - 1 ? inside : last)[bytes[i] & 0xFF];
        for (long best; (best = bestPair(word, length)) >= 0; ) length = mergeAll(word, length, best);
        var ids = new int[length];
        for (int i = 0; i < length; i++) ids[i] = word[i] < vocabularyEnd ? word[i] : unknown;
        return ids;
    }

    /** The pair in the word that merges first, or -1. */
    private long bestPair(int[] word, int length) {
        long best = -1;
        int bestRank = Integer.MAX_VALUE;
        for (int i = 0; i + 1 < length; i++) {
            long pair = key(word[i], word[i + 1]);
            var merge = merges.get(pair);
            if (merge != null && merge.rank < bestRank) {
                best = pair;
                bestRank = merge.rank;
            }
        }
        return best;
    }

    private int mergeAll(int[] word, int length, long pair) {
        int result = merges.get(pair).result;
        int n = 0;
        for (int i = 0; i < length; i++) {
            boolean here = i + 1 < length && key(word[i], word[i + 1]) == pair;
            word[n++] = here ? result : word[i];
            if (here) i++;
        }
        return n;
    }

    private int symbol(String text) {
        int next = vocabularyEnd + symbols.size();
        return symbols.computeIfAbsent(text, t -> next);
    }

    private static long key(int left, int right) { return (long) left << 32 | right; }

    /** Visible Latin-1 characters stand for themselves, the other 68 bytes for U+0100 and up (the GPT-2 table). */
    private static char printable(int b) {
        if (isVisible(b)) return (char) b;
        int hidden = 0;
        for (int i = 0; i < b; i++) if (!isVisible(i)) hidden++;
        return (char) (256 + hidden);
    }

    private static boolean isVisible(int b) { return b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xFF && b != 0xAD; }
}
