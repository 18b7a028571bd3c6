package dev.faithdiff.networks.clip;

import java.nio.charset.Charset;

/** Windows-1252 as browsers read it: its five unassigned bytes are the C1 controls of the same number. */
final class Windows1252 {
    private static final String HIGH = high();

    private Windows1252() {}

    /** The character Windows means where Latin-1 has the C1 control {@code c} (U+0080 to U+009F). */
    static char fromC1(char c) { return HIGH.charAt(c - 0x80); }

    /** The byte (0..255) that {@code c} is in Latin-1 or in Windows-1252, or -1 where it is in neither. */
    static int toByte(char c) {
        if (c <= 0xFF) return c;
        int at = HIGH.indexOf(c);
        return at < 0 ? -1 : 0x80 + at;
    }

    private static String high() {
        var bytes = new byte[32];
        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) (0x80 + i);
        var chars = new String(bytes, Charset.forName("windows-1252")).toCharArray();
        for (int i = 0; i < chars.length; i++) if (chars[i] == '\uFFFD') chars[i] = (char) (0x80 + i);
        return new String(chars);
    }
}
