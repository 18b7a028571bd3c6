package dev.faithdiff.networks.clip;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Repairs UTF-8 that was read as Latin-1 or Windows-1252: runs of such characters that are strictly valid UTF-8 and look
 * unlikely as text.
 *
 * <p>A simpler rule than ftfy's: mixups with other code pages, bytes lost on the way and no-break spaces turned into
 * spaces are left as they are.
 */
final class Mojibake {
    /** Leads of Latin letters: one pair is enough but for two marks that often follow a letter. */
    private static final String TELLING_PAIRS = "ÂÃ";
    private static final String PUNCTUATION = "…’";
    /** Leads of punctuation and of emoji: one sequence is enough. */
    private static final String TELLING_LEADS = "âð";

    private Mojibake() {}

    static String repair(String text) {
        while (true) {
            var next = repairOnce(text);
            if (next.equals(text)) return text;
            text = next;
        }
    }

    private static String repairOnce(String text) {
        var out = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); ) {
            int end = i;
            int sequences = 0;
            for (int n; (n = sequenceLength(text, end)) > 0; end += n) sequences++;
            var repaired = sequences > 0 && isConvincing(text, i, end, sequences) ? decode(text, i, end) : null;
            int next = Math.max(end, i + 1);
            if (repaired != null) out.append(repaired);
            else out.append(text, i, next);
            i = next;
        }
        return out.toString();
    }

    /** Length of the UTF-8 shaped sequence (2 to 4) at {@code start}, or 0. */
    private static int sequenceLength(String text, int start) {
        int lead = byteAt(text, start);
        int n = lead < 0xC2 || lead > 0xF4 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        for (int i = 1; i < n; i++) {
            int b = byteAt(text, start + i);
            if (b < 0x80 || b > 0xBF) return 0;
        }
        return n;
    }

    private static boolean isConvincing(String text, int start, int end, int sequences) {
        for (int i = start; i < end; i++) if (Character.isISOControl(text.charAt(i))) return true;
        if (sequences == 1 && end - start == 2) {
            boolean insideWord = start > 0 && Character.isLowerCase(text.charAt(start - 1))
                    && end < text.length() && Character.isLowerCase(text.charAt(end));
            return insideWord || TELLING_PAIRS.indexOf(text.charAt(start)) >= 0 && PUNCTUATION.indexOf(text.charAt(start + 1)) < 0;
        }
        return sequences > 1 || TELLING_LEADS.indexOf(text.charAt(start)) >= 0;
    }

    private static String decode(String text, int start, int end) {
        var bytes = new byte[end - start];
        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) byteAt(text, start + i);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }

    private static int byteAt(String text, int i) { return i < text.length() ? Windows1252.toByte(text.charAt(i)) : -1; }
}
