package dev.faithdiff.restore.diffusion;

import java.util.Locale;

/** What is done with a prompt of more tokens than the text encoders see at once. */
public enum PromptMode {
    /** The rest is cut off, as published, and a warning says so. */
    CUT,
    /** Each window of 75 tokens is encoded by itself, and the U-Net sees all their states (as other tools do). */
    WINDOWS;

    @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
}
