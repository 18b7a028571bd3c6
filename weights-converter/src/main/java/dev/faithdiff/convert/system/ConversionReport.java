package dev.faithdiff.convert.system;

import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.names.KeyNames;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.io.Source;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** What a conversion took, what it left unused, and every problem that keeps the model from being complete. */
public final class ConversionReport {
    private static final int MOST_LINES = 20;

    private final List<String> lines = new ArrayList<>(), problems = new ArrayList<>();

    public void note(String line) { lines.add(line); }

    public void problem(String line) { problems.add(line); }

    boolean complete() { return problems.isEmpty(); }

    /** One line for a part: tensors, values, bytes by element type, and where they came from. */
    void mapped(String part, Collection<Source> tensors, String origin) { note(part + ": " + sizes(tensors) + " (" + origin + ")"); }

    /** How many tensors and values, and how many bytes of each element type. */
    public static String sizes(Collection<Source> tensors) {
        Map<DType, Long> bytes = new EnumMap<>(DType.class);
        long values = 0;
        for (Source t : tensors) {
            values += t.shape().count();
            bytes.merge(t.dtype(), t.shape().count() * t.dtype().bytes(), Long::sum);
        }
        List<String> sizes = new ArrayList<>();
        bytes.forEach((dtype, n) -> sizes.add(String.format(Locale.ROOT, "%s %.1f MB", dtype, n / 1e6)));
        return tensors.size() + " tensors, " + values + " values, " + String.join(", ", sizes);
    }

    /**
     * Reports keys that a network does not use. One below a module that the network has is a problem: it belongs to a larger network, which
     * would compute something else. Other modules are noted.
     */
    void unused(String part, String from, Collection<String> keys, Set<String> needed) {
        Set<String> modules = needed.stream().map(ConversionReport::module).collect(Collectors.toSet());
        Map<Boolean, List<String>> within = keys.stream().collect(Collectors.partitioningBy(k -> modules.contains(module(k))));
        within.get(true).forEach(k -> problem(part + ": " + ModelError.clean(k) + " is not part of the model"));
        unused(from, within.get(false));
    }

    private static String module(String key) { return key.substring(0, Math.max(0, key.indexOf('.'))); }

    void unused(String from, Collection<String> keys) {
        List<String> others = keys.stream().filter(k -> !KeyNames.ema(k)).toList();
        if (others.size() < keys.size()) note(from + ": " + (keys.size() - others.size()) + " tensors of averaged copies (EMA) dropped");
        if (!others.isEmpty()) note(from + ": " + others.size() + " unused " + bounded(others));
    }

    /** The notes, one a line. */
    @Override public String toString() { return String.join("\n", lines); }

    /** @throws ConvertError listing the problems, one a line, if there are any */
    public void requireComplete() {
        if (complete()) return;
        StringBuilder s = new StringBuilder("the model is incomplete" + (problems.size() == 1 ? ":" : ", " + problems.size() + " problems:"));
        problems.stream().limit(MOST_LINES).forEach(p -> s.append("\n  ").append(p));
        if (problems.size() > MOST_LINES) s.append("\n  and ").append(problems.size() - MOST_LINES).append(" more");
        throw new ConvertError(s.toString());
    }

    private static String bounded(Collection<String> keys) {
        List<String> some = keys.stream().limit(MOST_LINES).map(ModelError::clean).toList();
        return some + (keys.size() > MOST_LINES ? " and " + (keys.size() - MOST_LINES) + " more" : "");
    }
}
