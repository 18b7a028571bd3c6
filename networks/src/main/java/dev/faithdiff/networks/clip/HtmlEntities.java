package dev.faithdiff.networks.clip;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Replaces HTML character references that end in a semicolon, by the HTML standard's table of names; a lower-case name
 * is also known in capitals ({@code &EACUTE;}) where that is no other name, as ftfy 6.3.1 does.
 */
public final class HtmlEntities {
    private static final Pattern REFERENCE = Pattern.compile("&(?:#([0-9]{1,24})|#[xX]([0-9a-fA-F]{1,23})|([0-9A-Za-z]{1,24}));");
    /** Names that HTML also knows without a semicolon: a longer word in capitals that starts like one is ambiguous. */
    private static final Pattern AMBIGUOUS = Pattern.compile("(AMP|COPY|ETH|GT|LT|QUOT|REG|THORN).+");
    private static final Map<String, String> NAMES = names();

    private HtmlEntities() {}

    /** The text with its references replaced. */
    public static String unescape(String text) {
        if (text.indexOf('&') < 0) return text;
        return REFERENCE.matcher(text).replaceAll(m -> Matcher.quoteReplacement(replacement(m.group(), m.group(1), m.group(2), m.group(3))));
    }

    private static String replacement(String all, String decimal, String hex, String name) {
        if (name != null) return NAMES.getOrDefault(name, all);
        var number = decimal != null ? new BigInteger(decimal) : new BigInteger(hex, 16);
        return number.bitLength() > 21 ? "\uFFFD" : character(number.intValue());
    }

    /** The HTML standard's reading of a number: C1 controls are Windows-1252, other controls and noncharacters nothing. */
    private static String character(int c) {
        if (c == 0 || c > 0x10FFFF || c >= 0xD800 && c <= 0xDFFF) return "\uFFFD";
        if (c >= 0x80 && c <= 0x9F) return String.valueOf(Windows1252.fromC1((char) c));
        boolean control = c < 0x20 && c != '\t' && c != '\n' && c != '\f' && c != '\r' || c == 0x7F;
        boolean noncharacter = c >= 0xFDD0 && c <= 0xFDEF || (c & 0xFFFE) == 0xFFFE;
        return control || noncharacter ? "" : Character.toString(c);
    }

    private static Map<String, String> names() {
        var names = new HashMap<String, String>();
        try (var lines = new BufferedReader(new InputStreamReader(
                HtmlEntities.class.getResourceAsStream("html-entities.txt"), StandardCharsets.US_ASCII))) {
            for (String line; (line = lines.readLine()) != null; ) {
                var fields = line.split(" ");
                var value = new StringBuilder();
                for (int i = 1; i < fields.length; i++) value.appendCodePoint(Integer.parseInt(fields[i], 16));
                names.put(fields[0], value.toString());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        for (var entry : Map.copyOf(names).entrySet()) {
            var name = entry.getKey();
            var capitals = name.toUpperCase(Locale.ROOT);
            if (name.equals(name.toLowerCase(Locale.ROOT)) && !AMBIGUOUS.matcher(capitals).matches())
                names.putIfAbsent(capitals, entry.getValue().toUpperCase(Locale.ROOT));
        }
        return names;
    }
}
