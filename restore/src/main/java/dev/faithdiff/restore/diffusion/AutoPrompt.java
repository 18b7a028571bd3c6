package dev.faithdiff.restore.diffusion;

import dev.faithdiff.restore.Options;

/**
 * A prompt that a captioner is to write: {@code auto}, or {@code auto:NAME}.
 *
 * @param captioner its name or folder; null: whichever is installed
 */
public record AutoPrompt(String captioner) {
    private static final String AUTO = "auto";

    /** What a prompt asks for; null if it is words. */
    public static AutoPrompt of(String prompt) {
        if (AUTO.equals(prompt)) return new AutoPrompt(null);
        return prompt != null && prompt.startsWith(AUTO + ":") && prompt.length() > AUTO.length() + 1
                ? new AutoPrompt(prompt.substring(AUTO.length() + 1)) : null;
    }

    /** The words of the prompt that options hold. @throws IllegalArgumentException if they are still to be written */
    public static String words(Options o) {
        String prompt = o.get(DiffusionOptions.PROMPT);
        if (of(prompt) == null) return prompt;
        throw new IllegalArgumentException("the prompt '" + prompt + "' needs a captioner, which only 'faithdiff restore' asks");
    }
}
