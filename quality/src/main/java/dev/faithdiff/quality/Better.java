package dev.faithdiff.quality;

import java.util.Locale;

/** Which values of a measure are better. */
public enum Better {
    HIGHER, LOWER,
    /** The value says how much there is of something, good or bad. */
    NEITHER;

    /** One of the first two. */
    public static Better of(boolean isHigher) { return isHigher ? HIGHER : LOWER; }

    /** 1 if more is better, -1 if less is, 0 if neither. */
    public int sign() { return this == HIGHER ? 1 : this == LOWER ? -1 : 0; }

    @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
}
