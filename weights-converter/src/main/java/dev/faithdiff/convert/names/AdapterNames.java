package dev.faithdiff.convert.names;

import dev.faithdiff.convert.file.Views;
import dev.faithdiff.nn.Lora;
import dev.faithdiff.tensor.io.Source;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The names of LoRAs that scripts saved by PEFT's names within a network, {@code MODULE.lora_A.ADAPTER.weight}. */
public final class AdapterNames {
    /** The alpha of those whose scripts set none. */
    public static final int ALPHA = 8;
    private static final Pattern FACTOR = Pattern.compile("(.*)\\.(lora_[AB])\\.(\\w+)\\.weight");
    private static final String BASE = ".base_layer.";

    private AdapterNames() { }

    /** Whether some tensor below a start is a factor of an adapter whose name ends so. */
    static boolean has(Map<String, Source> tensors, String start, String ending) {
        return tensors.keySet().stream().filter(k -> k.startsWith(start)).map(FACTOR::matcher)
                .anyMatch(m -> m.matches() && m.group(3).endsWith(ending));
    }

    /** The factors for a part by the names of a LoRA file. @param adapters which of them */
    public static Map<String, Source> factors(Map<String, Source> tensors, Lora.Part part, Predicate<String> adapters) {
        Map<String, Source> all = new LinkedHashMap<>();
        for (Source t : tensors.values()) {
            Matcher m = FACTOR.matcher(t.name());
            if (!m.matches() || !adapters.test(m.group(3))) continue;
            String name = part.folder() + "." + m.group(1) + "." + m.group(2) + ".weight";
            all.put(name, Views.renamed(t, name));
        }
        return all;
    }

    /** Weights that were trained themselves, to which a LoRA was then added: PEFT's {@code MODULE.base_layer.weight}. */
    public static Map<String, Source> trained(Map<String, Source> tensors) {
        Map<String, Source> all = new LinkedHashMap<>();
        for (Source t : tensors.values()) {
            if (!t.name().contains(BASE)) continue;
            String name = t.name().replace(BASE, ".");
            all.put(name, Views.renamed(t, name));
        }
        return all;
    }
}
