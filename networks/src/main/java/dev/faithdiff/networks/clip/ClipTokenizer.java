package dev.faithdiff.networks.clip;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Turns a prompt into CLIP token ids: the result of the Python CLIPTokenizer of transformers 4.46.1 with ftfy 6.3.1,
 * except for rare {@linkplain TextCleaning wrongly decoded text}.
 *
 * <p>Special tokens stand for themselves anywhere in a prompt. The second SDXL tokenizer and that of Stable Diffusion 2 pad with "!", which
 * makes it such a token: every "!" becomes its padding id and splits words. open_clip's tokenizer has the same ids and no special tokens but
 * its marks.
 */
public final class ClipTokenizer {
    /** Ids in every encoded prompt: start, at most 75 tokens, end, padding. */
    public static final int LENGTH = 77;
    private static final int WINDOW = LENGTH - 2;

    private static final Pattern SPACE = Pattern.compile("(?U)\\s+");
    /** CLIP's words: the two marks, English contractions, letters, single digits, runs of anything else but spaces. */
    private static final Pattern WORD = Pattern.compile(
            "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}|[^\\s\\p{L}\\p{N}]+",
            Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE | Pattern.UNICODE_CHARACTER_CLASS);
    /** Also found after cleaning and lower case, unlike other special tokens: a full-width "!" is a plain "!" there. */
    private static final Set<String> MARKS = Set.of("<|startoftext|>", "<|endoftext|>");

    private final BytePairs bytePairs;
    private final Map<String, Integer> special = new HashMap<>();
    private final Pattern specialPattern;
    private final int start;
    private final int end;
    private final int padding;

    private ClipTokenizer(TokenizerFiles files) {
        var vocabulary = files.vocabulary();
        start = vocabulary.get(files.special().get("bos_token"));
        end = vocabulary.get(files.special().get("eos_token"));
        padding = vocabulary.get(files.special().get("pad_token"));
        for (var token : files.special().entrySet()) {
            if (!files.isOfOpenClip() || !token.getKey().equals("pad_token")) special.put(token.getValue(), vocabulary.get(token.getValue()));
        }
        specialPattern = Pattern.compile(special.keySet().stream()
                .sorted(Comparator.comparingInt(String::length).reversed()).map(Pattern::quote).collect(Collectors.joining("|")));
        bytePairs = new BytePairs(vocabulary, files.merges(), vocabulary.get(files.special().get("unk_token")));
    }

    /**
     * Reads vocab.json, merges.txt, tokenizer_config.json and special_tokens_map.json of a published tokenizer folder;
     * ModelError where one is missing or malformed.
     */
    public static ClipTokenizer open(Path folder) { return new ClipTokenizer(TokenizerFiles.read(folder)); }

    /** The ids of an empty prompt in a published vocabulary of so many tokens: start and end are its last two. @param padding an id */
    public static int[] empty(int vocabulary, int padding) {
        int[] ids = new int[LENGTH];
        Arrays.fill(ids, padding);
        ids[0] = vocabulary - 2;
        ids[1] = vocabulary - 1;
        return ids;
    }

    /** Exactly {@link #LENGTH} ids; what does not fit is cut off. */
    public int[] encode(String prompt) { return encode(prompt, 1)[0]; }

    /**
     * Windows of {@link #LENGTH} ids each, which hold 75 tokens between a start and an end, as those of a prompt by itself. Windows behind the
     * prompt's last are those of an empty prompt; what does not fit into the windows is cut off.
     */
    public int[][] encode(String prompt, int windows) {
        int[] tokens = tokens(prompt);
        int[][] ids = new int[windows][LENGTH];
        for (int w = 0; w < windows; w++) {
            int from = Math.min(tokens.length, w * WINDOW), n = Math.min(tokens.length - from, WINDOW);
            Arrays.fill(ids[w], padding);
            ids[w][0] = start;
            System.arraycopy(tokens, from, ids[w], 1, n);
            ids[w][n + 1] = end;
        }
        return ids;
    }

    /** How many windows a prompt fills, at least one. */
    public int windows(String prompt) { return Math.max(1, Math.ceilDiv(tokens(prompt).length, WINDOW)); }

    /**
     * Where a word stands in a prompt: the indices of its tokens among those of {@link #encode(String, int)}, window by window. A word of several
     * tokens has all of them, one that stands there several times those of each time, and one that does not stand there, or was cut off, none.
     */
    public int[] places(String prompt, String word, int windows) {
        int[] all = tokens(prompt), own = tokens(word);
        var places = IntStream.builder();
        for (int from = 0; own.length > 0 && from + own.length <= Math.min(all.length, windows * WINDOW); from++) {
            if (!Arrays.equals(all, from, from + own.length, own, 0, own.length)) continue;
            for (int i = from; i < from + own.length; i++) places.add(i / WINDOW * LENGTH + 1 + i % WINDOW);
        }
        return places.build().toArray();
    }

    /** All ids of a prompt, without start, end and padding. */
    int[] tokens(String prompt) {
        var ids = IntStream.builder();
        var matcher = specialPattern.matcher(prompt);
        int from = 0;
        while (matcher.find()) {
            addWords(prompt.substring(from, matcher.start()), ids);
            ids.add(special.get(matcher.group()));
            from = matcher.end();
        }
        addWords(prompt.substring(from), ids);
        return ids.build().toArray();
    }

    private void addWords(String text, IntStream.Builder ids) {
        var clean = SPACE.matcher(TextCleaning.fix(text)).replaceAll(" ").strip().toLowerCase(Locale.ROOT);
        var matcher = WORD.matcher(clean);
        while (matcher.find()) {
            var word = matcher.group();
            if (MARKS.contains(word) && special.containsKey(word)) ids.add(special.get(word));
            else for (int id : bytePairs.encode(word)) ids.add(id);
        }
    }
}
