package dev.faithdiff.networks.clip;

import java.text.Normalizer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Repairs broken text before it is tokenized: what {@code ftfy.fix_text} 6.3.1 does by default, except that
 * {@linkplain Mojibake wrongly decoded text} is repaired by a simpler rule.
 */
public final class TextCleaning {
    private static final Pattern TERMINAL_ESCAPE = Pattern.compile("\u001B\\[[\\d;]*[a-zA-Z]");
    private static final Pattern C1_CONTROL = Pattern.compile("[\\x{80}-\\x{9F}]");
    private static final Pattern WIDE_OR_NARROW = Pattern.compile("[\\x{3000}\\x{FF01}-\\x{FFEF}]");
    private static final Pattern SINGLE_QUOTE = Pattern.compile("[\\x{2BC}\\x{2018}-\\x{201B}]");
    private static final Pattern DOUBLE_QUOTE = Pattern.compile("[\\x{201C}-\\x{201F}]");
    private static final Pattern LINE_BREAK = Pattern.compile("\\r\\n|[\\r\\x{2028}\\x{2029}\\x{85}]");
    private static final Pattern LONE_SURROGATE = Pattern.compile("[\\x{D800}-\\x{DFFF}]");
    private static final Pattern CONTROL = Pattern.compile(
            "[\\x{0}-\\x{8}\\x{B}\\x{E}-\\x{1F}\\x{7F}\\x{206A}-\\x{206F}\\x{FEFF}\\x{FFF9}-\\x{FFFC}]");
    private static final Pattern LIGATURE = Pattern.compile(
            "[\\x{132}\\x{133}\\x{149}\\x{1C4}-\\x{1CC}\\x{1F1}-\\x{1F3}\\x{FB00}-\\x{FB06}]");

    /** The one ligature that keeps its long s, where NFKC would give "st". */
    private static final String LONG_S_T = "\uFB05";

    private TextCleaning() {}

    /** The text with its glitches repaired, line by line; character references stay from the first line with a '&lt;' on. */
    public static String fix(String text) {
        var out = new StringBuilder(text.length());
        boolean unescape = true;
        for (int start = 0, end; start < text.length(); start = end) {
            end = text.indexOf('\n', start) + 1;
            if (end == 0) end = text.length();
            var line = text.substring(start, end);
            unescape &= line.indexOf('<') < 0;
            out.append(fixLine(line, unescape));
        }
        return out.toString();
    }

    private static String fixLine(String line, boolean unescape) {
        while (true) {
            var fixed = fixOnce(unescape ? HtmlEntities.unescape(line) : line);
            if (fixed.equals(line)) return line;
            line = fixed;
        }
    }

    private static String fixOnce(String text) {
        if (isPlain(text)) return text;
        text = Mojibake.repair(text);
        text = C1_CONTROL.matcher(text).replaceAll(m -> String.valueOf(Windows1252.fromC1(m.group().charAt(0))));
        text = LIGATURE.matcher(text).replaceAll(m -> m.group().equals(LONG_S_T) ? "\u017Ft" : compatible(m.group()));
        text = WIDE_OR_NARROW.matcher(text).replaceAll(m -> Matcher.quoteReplacement(compatible(m.group())));
        text = DOUBLE_QUOTE.matcher(text).replaceAll("\"");
        text = SINGLE_QUOTE.matcher(text).replaceAll("'");
        text = LINE_BREAK.matcher(text).replaceAll("\n");
        text = LONE_SURROGATE.matcher(text).replaceAll("\uFFFD");
        text = TERMINAL_ESCAPE.matcher(text).replaceAll("");
        text = CONTROL.matcher(text).replaceAll("");
        return Normalizer.normalize(text, Normalizer.Form.NFC);
    }

    private static String compatible(String character) { return Normalizer.normalize(character, Normalizer.Form.NFKC); }

    /** Printable ASCII, which no step changes. */
    private static boolean isPlain(String text) {
        return text.chars().allMatch(c -> c >= ' ' && c < 0x7F || c == '\n' || c == '\t');
    }
}
