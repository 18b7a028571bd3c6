package dev.faithdiff.cli;

import java.util.Collection;
import java.util.Comparator;

/** Finds what somebody meant who mistyped a name. */
final class Likeness {
    private Likeness() {}

    /** The name that differs in the fewest letters; null if all differ in more than a third of theirs. */
    static String nearest(String typed, Collection<String> names) {
        return names.stream().filter(n -> changes(typed, n) <= Math.max(1, n.length() / 3))
                .min(Comparator.comparingInt(n -> changes(typed, n))).orElse(null);
    }

    /** How many letters must be added, removed or replaced (Levenshtein's distance). */
    private static int changes(String a, String b) {
        int[] before = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) before[j] = j;
        for (int i = 1; i <= a.length(); i++) {
            int[] now = new int[b.length() + 1];
            now[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = before[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                now[j] = Math.min(replaced, Math.min(before[j], now[j - 1]) + 1);
            }
            before = now;
        }
        return before[b.length()];
    }
}
