package dev.faithdiff.restore;

import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** How a photo is restored: a value for each {@link Option}. An option that is not set has its initial value. Options never change. */
public final class Options {
    private static final Options DEFAULTS = new Options(Map.of());

    /** The values that are not initial. */
    private final Map<Option<?>, Object> changed;

    private Options(Map<Option<?>, Object> changed) { this.changed = changed; }

    /** All options at their initial values. To restore a photo start from {@link Restorer#defaults}, which has the model's own values. */
    public static Options defaults() { return DEFAULTS; }

    /** The value of an option. It is null only where the option allows that. */
    public <T> T get(Option<T> option) {
        @SuppressWarnings("unchecked") T v = (T) changed.getOrDefault(option, option.initial());
        return v;
    }

    /** A copy with another value. @throws IllegalArgumentException in one line if the option does not take it */
    public <T> Options with(Option<T> option, T value) {
        Map<Option<?>, Object> next = new HashMap<>(changed);
        if (Objects.equals(option.check(value), option.initial())) next.remove(option);
        else next.put(option, value);
        return new Options(next);
    }

    /** As {@link #with}, for the value that a text stands for. */
    public <T> Options parsed(Option<T> option, String text) { return with(option, option.parse(text)); }

    /** The same for the first of some options that takes the text: those of several systems may have one name. */
    public Options parsed(List<Option<?>> same, String text) {
        IllegalArgumentException refusal = null;
        for (Option<?> o : same) {
            try {
                return parsed(o, text);
            } catch (IllegalArgumentException e) {
                refusal = e;
            }
        }
        if (same.size() == 1) throw refusal;
        String rules = same.stream().map(Option::rule).distinct().collect(Collectors.joining(", or "));
        throw new IllegalArgumentException(same.getFirst().name() + " must be " + rules + ", not " + text, refusal);
    }

    /** A copy in which all other options have their initial values. */
    public Options only(Collection<Option<?>> options) {
        Map<Option<?>, Object> next = new HashMap<>(changed);
        next.keySet().retainAll(options);
        return new Options(next);
    }

    /** @throws IllegalArgumentException in one line if another option than these is set */
    void requireOnly(Collection<Option<?>> options) {
        List<String> others = changed.keySet().stream().filter(o -> !options.contains(o)).map(Option::name).sorted().toList();
        if (!others.isEmpty()) throw new IllegalArgumentException("this model has no " + String.join(", ", others) + "; leave it out");
    }

    /** Names of the given options, and their values as {@link Option#shown}, in their order. */
    public Map<String, Object> values(List<Option<?>> options) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (Option<?> o : options) values.put(o.name(), shown(o));
        return values;
    }

    private <T> Object shown(Option<T> option) { return option.shown(get(option)); }

    @Override public boolean equals(Object o) { return o instanceof Options other && changed.equals(other.changed); }

    @Override public int hashCode() { return changed.hashCode(); }

    /** The values that are not initial, by name. */
    @Override public String toString() {
        Map<String, Object> values = new TreeMap<>();
        changed.keySet().forEach(option -> values.put(option.name(), shown(option)));
        return values.toString();
    }
}
