package dev.faithdiff.restore.diffusion;

import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE_PROMPTS;

import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import java.util.List;
import java.util.stream.Stream;

/**
 * Words that a captioner is to write: {@code auto}, or {@code auto:NAME}.
 *
 * @param option    the prompt, or the prompts of tiles
 * @param captioner its name or folder; null: whichever is installed
 */
public record AutoPrompt(Option<String> option, String captioner) {
    private static final String AUTO = "auto", BETWEEN = "|";
    private static final List<Option<String>> OPTIONS = List.of(TILE_PROMPTS, PROMPT);

    /** What the text of an option asks for; null if it is words, or none. */
    public static AutoPrompt of(Option<String> option, String text) {
        if (AUTO.equals(text)) return new AutoPrompt(option, null);
        return text != null && text.startsWith(AUTO + ":") && text.length() > AUTO.length() + 1
                ? new AutoPrompt(option, text.substring(AUTO.length() + 1)) : null;
    }

    /** What options ask for, and of prompt and prompts of tiles the latter, which count instead; null if all are words. */
    public static AutoPrompt of(Options o) {
        return OPTIONS.stream().flatMap(option -> Stream.ofNullable(of(option, o.get(option)))).findFirst().orElse(null);
    }

    /** The same without words where they are still to be written. */
    public static Options without(Options o) {
        for (AutoPrompt open = of(o); open != null; open = of(o)) o = o.with(open.option, open.option.initial());
        return o;
    }

    /** The words of the prompt that options hold. @throws IllegalArgumentException if they are still to be written */
    public static String words(Options o) { return words(o, PROMPT); }

    /** The same of another option, or null. */
    private static String words(Options o, Option<String> option) {
        String text = o.get(option);
        if (of(option, text) == null) return text;
        throw new IllegalArgumentException("the " + option + " '" + text + "' needs a captioner, which only 'faithdiff restore' asks");
    }

    /** The texts of tiles; null: all have the prompt. @throws IllegalArgumentException if they are still to be written */
    public static List<String> ofTiles(Options o) {
        String all = words(o, TILE_PROMPTS);
        return all == null ? null : ofTiles(all);
    }

    /** The texts of tiles that one text holds. */
    public static List<String> ofTiles(String all) { return List.of(all.split("[" + BETWEEN + "]", -1)); }

    /** Whether each tile is to have words of its own. */
    public boolean isOfTiles() { return option == TILE_PROMPTS; }

    /** The option's text. @param captions of the tiles, or of the whole alone */
    public String text(List<String> captions) {
        return isOfTiles() ? String.join(BETWEEN, captions.stream().map(c -> c.replace(BETWEEN, " ")).toList()) : captions.getFirst();
    }
}
