package dev.faithdiff.networks.t5;

import dev.faithdiff.networks.clip.HtmlEntities;
import dev.faithdiff.networks.clip.TextCleaning;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How DeepFloyd IF, and after it PixArt, cleans captions before T5 reads them: lower case, without addresses, names of files, numbers of articles and
 * what shops write. Of HTML only tags and references are understood.
 */
public final class CaptionCleaning {
    private record Rule(Pattern pattern, String by) {
        String apply(String text) { return pattern.matcher(text).replaceAll(by); }
    }

    private static final String DOMAIN = "[a-zA-Z0-9.\\-]+[.](?:com|co|ru|net|org|edu|gov|it)[\\w/-]*\\b/?(?!@)",
            FILES = "png|jpg|jpeg|bmp|webp|eps|pdf|apk|mp4";
    private static final Pattern ESCAPE = Pattern.compile("%(?![0-9a-fA-F]{2})"), JOINTS = rule("[-_]", "").pattern;
    private static final int MOST_JOINTS = 3;

    private static final List<Rule> BEFORE_HTML = List.of(rule("<person>", "person"),
            rule("\\b(?:https?:(?:/{1,3}|[a-zA-Z0-9%])|" + DOMAIN + ")", ""),
            rule("\\b(?:www:(?:/{1,3}|[a-zA-Z0-9%])|" + DOMAIN + ")", ""), rule("</?[a-zA-Z][^>]*>|<!--[\\w\\W]*?-->|<![^>]*>", ""));

    private static final List<Rule> BEFORE_REPAIR = List.of(rule("@\\w+\\b", ""),
            rule("[\\x{31C0}-\\x{31FF}\\x{3200}-\\x{4DFF}\\x{4E00}-\\x{9FFF}]+", ""), // scripts of East Asia
            rule("[-\\x{58A}\\x{5BE}\\x{1400}\\x{1806}\\x{2010}-\\x{2015}\\x{2E17}\\x{2E1A}\\x{2E3A}\\x{2E3B}\\x{2E40}\\x{301C}\\x{3030}"
                    + "\\x{30A0}\\x{FE31}\\x{FE32}\\x{FE58}\\x{FE63}\\x{FF0D}]+", "-"),
            rule("[`\\x{B4}\\x{AB}\\x{BB}\\x{201C}\\x{201D}\\x{A8}]", "\""), rule("[\\x{2018}\\x{2019}]", "'"),
            rule("&quot;?|&amp", ""), rule("\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}", " "), rule("\\d:\\d\\d\\s+$", ""), rule("\\\\n", " "),
            rule("#\\d{1,3}\\b", ""), rule("#\\d{5,}\\b", ""), rule("\\b\\d{6,}\\b", ""), rule("\\S+\\.(?:" + FILES + ")", ""),
            rule("[\"']{2,}", "\""), rule("\\.{2,}", " "),
            rule("[#\\x{AE}\\x{2022}\\x{A9}\\x{2122}&@\\x{B7}\\x{BA}\\x{BD}\\x{BE}\\x{BF}\\x{A1}\\x{A7}~()\\[\\]{}|\\\\/*]+", " "),
            rule("\\s+\\.\\s+", " "));

    private static final List<Rule> AFTER_REPAIR = List.of(rule("\\b[a-zA-Z]{1,3}\\d{3,15}\\b", ""), rule("\\b[a-zA-Z]+\\d+[a-zA-Z]+\\b", ""),
            rule("\\b\\d+[a-zA-Z]+\\d+\\b", ""), rule("(worldwide\\s+)?(free\\s+)?shipping", ""), rule("(free\\s)?download(\\sfree)?", ""),
            rule("\\bclick\\b\\s(?:for|on)\\s\\w+", ""), rule("\\b(?:" + FILES + ")(\\simages?)?", ""), rule("\\bpage\\s+\\d+\\b", ""),
            rule("\\b\\d*[a-zA-Z]+\\d+[a-zA-Z]+\\d+[a-zA-Z\\d]*\\b", " "), rule("\\b\\d+\\.?\\d*[x\\x{445}\\x{D7}]\\d+\\.?\\d*\\b", ""),
            rule("\\b\\s+:\\s+", ": "), rule("(\\D[,./])\\b", "$1 "), rule("\\s+", " "));

    private static final List<Rule> ENDS = List.of(rule("^[\"']([\\w\\W]+)[\"']$", "$1"), rule("^['_,\\-:;]", ""),
            rule("['_,\\-:+]$", ""), rule("^\\.\\S+$", ""));

    private CaptionCleaning() {}

    private static Rule rule(String pattern, String by) { return new Rule(Pattern.compile(pattern, Pattern.UNICODE_CHARACTER_CLASS), by); }

    /** The cleaned caption. A second time may change it again. */
    public static String clean(String caption) {
        String decoded = URLDecoder.decode(ESCAPE.matcher(caption).replaceAll("%25"), StandardCharsets.UTF_8);
        String text = applied(BEFORE_HTML, decoded.strip().toLowerCase(Locale.ROOT));
        text = applied(BEFORE_REPAIR, HtmlEntities.unescape(text));
        Matcher joints = JOINTS.matcher(text);
        if (joints.results().count() > MOST_JOINTS) text = joints.replaceAll(" ");
        text = HtmlEntities.unescape(HtmlEntities.unescape(TextCleaning.fix(text))).strip();
        return applied(ENDS, applied(AFTER_REPAIR, text)).strip(); // as published, ends are seen with their spaces
    }

    private static String applied(List<Rule> rules, String text) {
        for (Rule rule : rules) text = rule.apply(text);
        return text;
    }
}
