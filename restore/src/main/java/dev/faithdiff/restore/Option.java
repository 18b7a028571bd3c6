package dev.faithdiff.restore;

import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * One option of a restoration: its name, its initial value, the values that it takes, and its help. Flags of the command line, settings in a
 * photo's metadata and the identity of a resume file all come from these.
 *
 * @param <T> Integer, Long, Double, String or an enum whose {@code toString} is what users write
 */
public final class Option<T> {
    /**
     * How values are written, and which are allowed.
     *
     * @param choices all allowed values of an option that lists them, else none
     * @param shown   what settings and messages hold for a value
     */
    private record Values<T>(String label, String rule, List<T> choices, Function<String, T> parser, Predicate<T> allows,
            Function<T, Object> shown) {}

    private final String name, help;
    private final T initial;
    private final Values<T> values;
    private final boolean mayBeNull, isOfModel;

    private Option(String name, T initial, Values<T> values, String help, boolean mayBeNull, boolean isOfModel) {
        this.name = name;
        this.initial = initial;
        this.values = values;
        this.help = help;
        this.mayBeNull = mayBeNull;
        this.isOfModel = isOfModel;
    }

    private static <T> Option<T> of(String name, T initial, String label, String rule, Function<String, T> parser, Predicate<T> allows, String help) {
        return new Option<>(name, initial, new Values<>(label, rule, List.of(), parser, allows, v -> v), help, initial == null, initial == null);
    }

    /** An option that is not set unless a value is given: null. */
    private static <T> Option<T> unset(String name, String label, String rule, Function<String, T> parser, Predicate<T> allows, String help) {
        return new Option<>(name, null, new Values<>(label, rule, List.of(), parser, allows, v -> v), help, true, false);
    }

    /** A whole number. */
    public static Option<Integer> whole(String name, int initial, int least, int most, String help) {
        return of(name, initial, "N", least + ".." + most, Integer::valueOf, v -> v >= least && v <= most, help);
    }

    /** A whole number of pixels, at least 1. Null where none is given. */
    public static Option<Integer> pixels(String name, String help) {
        return unset(name, "PIXELS", "at least 1 pixel", Integer::valueOf, v -> v >= 1, help);
    }

    /** A width and a height in pixels, such as 1920x1080. Null where none is given. */
    public static Option<String> size(String name, String help) {
        return unset(name, "WxH", "a width and a height in pixels, such as 1920x1080", s -> s, v -> v.matches("[1-9]\\d{0,8}x[1-9]\\d{0,8}"), help);
    }

    /** A number from {@code least} to {@code most}. Settings and messages show a whole one without a fraction. */
    public static Option<Double> factor(String name, double initial, double least, double most, String help) {
        Function<Double, Object> shown = v -> v == Math.rint(v) ? (Object) (int) (double) v : v;
        return new Option<>(name, initial, new Values<>("X", shown.apply(least) + ".." + shown.apply(most), List.of(), Double::valueOf,
                v -> v >= least && v <= most, shown), help, false, false);
    }

    /** The side of a tile in pixels, at least {@code least}. If {@code initial} is 0, 0 is allowed, too. */
    public static Option<Integer> side(String name, int initial, int least, String help) {
        String rule = (initial == 0 ? "0 or " : "") + "at least " + least + " pixels";
        return of(name, initial, "PIXELS", rule, Integer::valueOf, v -> v >= least || v == 0 && initial == 0, help);
    }

    /** A number from 0 to 1. @param initial null: the model's own */
    public static Option<Double> share(String name, Double initial, String help) {
        return number(name, initial, "0..1", v -> v >= 0 && v <= 1, help);
    }

    /** A number. @param initial null: the model's own. @param rule what {@code allows} tests, in words behind "must be" */
    public static Option<Double> number(String name, Double initial, String rule, Predicate<Double> allows, String help) {
        return of(name, initial, "X", rule, Double::valueOf, allows, help);
    }

    /** A number. Null where none is given. @param rule what {@code allows} tests, in words behind "must be" */
    public static Option<Double> number(String name, String rule, Predicate<Double> allows, String help) {
        return unset(name, "X", rule, Double::valueOf, allows, help);
    }

    /** Any whole number of 64 bits. */
    public static Option<Long> seed(String name, long initial, String help) {
        return of(name, initial, "N", "a whole number", Long::valueOf, v -> true, help);
    }

    /** Any text; it may be empty. */
    public static Option<String> text(String name, String initial, String help) {
        return of(name, initial, "TEXT", "a text", s -> s, v -> true, help);
    }

    /** A text of some form. @param rule what {@code allows} tests, in words behind "must be" */
    public static Option<String> text(String name, String rule, Predicate<String> allows, String help) {
        return unset(name, "TEXT", rule, s -> s, allows, help);
    }

    /** One of an enum's constants. */
    public static <E extends Enum<E>> Option<E> choice(String name, E initial, String help) {
        return choice(name, initial, initial.getDeclaringClass(), help);
    }

    /** One of an enum's constants. @param initial null: the model's own */
    public static <E extends Enum<E>> Option<E> choice(String name, E initial, Class<E> type, String help) {
        List<E> all = List.of(type.getEnumConstants());
        Function<String, E> parser = s -> all.stream().filter(c -> c.toString().equalsIgnoreCase(s)).findFirst()
                .orElseThrow(IllegalArgumentException::new);
        Values<E> values = new Values<>("NAME", alternatives(all), all, parser, v -> true, v -> v);
        return new Option<>(name, initial, values, help, initial == null, initial == null);
    }

    private static String alternatives(List<?> all) {
        List<String> names = all.stream().map(Object::toString).toList();
        int last = names.size() - 1;
        return last == 0 ? names.getFirst() : String.join(", ", names.subList(0, last)) + " or " + names.get(last);
    }

    /** The same option, for which a model may have a default of its own. */
    public Option<T> ofModel() { return new Option<>(name, initial, values, help, mayBeNull, true); }

    /** The same option, whose value may be null. */
    public Option<T> orNull() { return new Option<>(name, initial, values, help, true, isOfModel); }

    /** The name as users write it, for example {@code color-fix}. */
    public String name() { return name; }

    /** The value of the option where it is not set. Null: the model's own. */
    public T initial() { return initial; }

    /** What the option means, in one or a few sentences. */
    public String help() { return help; }

    /** The values that the option takes, in words behind "must be". */
    public String rule() { return values.rule; }

    /** All values of an option that lists them, else none. */
    public List<T> choices() { return values.choices; }

    /** What stands for the value in the help, for example N. */
    public String label() { return values.label; }

    /** The value of the option where it is not set, in words. */
    public String otherwise() {
        if (initial == null) return isOfModel ? "the model's" : "none";
        return (isOfModel ? "the model's, else " : "") + (initial.equals("") ? "none" : shown(initial));
    }

    /** What settings and messages hold for a value: the value itself, or a number that is written shorter. Null for null. */
    public Object shown(T value) { return value == null ? null : values.shown.apply(value); }

    /** The value that a text stands for. @throws IllegalArgumentException in one line if it stands for none that is allowed */
    public T parse(String text) {
        T value;
        try {
            value = values.parser.apply(text);
        } catch (IllegalArgumentException e) {
            throw wrong(text, e);
        }
        return check(value);
    }

    /** Returns a value that is allowed. @throws IllegalArgumentException in one line if it is not */
    public T check(T value) {
        if (value == null ? mayBeNull : values.allows.test(value)) return value;
        throw wrong(shown(value), null);
    }

    private IllegalArgumentException wrong(Object value, Throwable cause) {
        return new IllegalArgumentException(name + " must be " + values.rule + ", not " + value, cause);
    }

    @Override public String toString() { return name; }
}
