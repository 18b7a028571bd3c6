package dev.faithdiff.server.api;

import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.server.job.ServedModel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A model's options as JSON, from the very list that the command line's flags come from. A page makes its form of it. */
final class OptionForm {
    private static final Pattern RANGE = Pattern.compile("(-?[\\d.]+)\\.\\.(-?[\\d.]+)");

    private OptionForm() {}

    static List<Map<String, Object>> of(ServedModel model) {
        Options defaults = model.defaults();
        List<Map<String, Object>> all = new ArrayList<>();
        for (Option<?> o : model.options()) all.add(of(o, defaults));
        return all;
    }

    private static <T> Map<String, Object> of(Option<T> o, Options defaults) {
        Map<String, Object> form = new LinkedHashMap<>();
        Object value = o.shown(defaults.get(o));
        Matcher range = RANGE.matcher(o.rule());
        form.put("name", o.name());
        form.put("kind", kind(o));
        form.put("help", o.help().replace("--", ""));
        form.put("rule", o.rule());
        form.put("default", value instanceof Enum<?> ? value.toString() : value);
        form.put("otherwise", o.otherwise());
        if (!o.choices().isEmpty()) form.put("choices", o.choices().stream().map(Object::toString).toList());
        if (range.matches()) {
            form.put("least", Double.valueOf(range.group(1)));
            form.put("most", Double.valueOf(range.group(2)));
        }
        return form;
    }

    /** {@code choice}, {@code whole}, {@code number} or {@code text}. */
    static String kind(Option<?> o) {
        if (!o.choices().isEmpty()) return "choice";
        return switch (o.label()) { case "N", "PIXELS" -> "whole"; case "X" -> "number"; default -> "text"; };
    }
}
