package dev.faithdiff.convert.names;

import dev.faithdiff.convert.file.Views;
import dev.faithdiff.networks.align.AlignConfig;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Renames the tensors of older files and of training scripts to the names of today. */
public final class KeyNames {
    private static final List<String> WRAPPERS = List.of("params_ema.", "params-ema.", "params.", "state_dict.", "model_state_dict.", "net_g_ema.",
            "net_g.", "netG.", "generator.", "model.", "net.", "module.");
    /** What training scripts save beside a network. */
    private static final List<String> TRAINING = List.of("net_d", "netD.", "discriminator.", "optim", "lr_scheduler", "scheduler");
    private static final Map<String, String> OLD_ATTENTION = Map.of("query", "to_q", "key", "to_k", "value", "to_v", "proj_attn", "to_out.0");
    private static final Pattern VAE_ATTENTION = Pattern.compile(
            "(.*mid_block\\.attentions\\.0\\.)(query|key|value|proj_attn|to_q|to_k|to_v|to_out\\.0)(\\.weight|\\.bias)");

    private KeyNames() { }

    /** The state dict without the keys that training scripts wrap around it; of two copies the averaged one. */
    public static Map<String, Source> unwrap(Map<String, Source> tensors) {
        Stream<String> bare = Stream.of("conv_in.", AlignConfig.PROJECTION + ".", "conv_first.", "model.1.sub.", "model.diffusion_model.");
        if (bare.anyMatch(start -> tensors.keySet().stream().anyMatch(k -> k.startsWith(start)))) return tensors;
        for (String wrapper : WRAPPERS) {
            Map<String, Source> inner = below(wrapper, tensors);
            if (!inner.isEmpty()) return unwrap(inner);
        }
        return tensors;
    }

    /** Whether a key is one of {@code keys}, or ends in one as the key of another copy does. */
    public static boolean copy(String key, Set<String> keys) {
        for (int at = 0; at < key.length(); at = key.indexOf('.', at) + 1) {
            if (keys.contains(key.substring(at))) return true;
            if (key.indexOf('.', at) < 0) return false;
        }
        return false;
    }

    /** The tensors whose names begin with {@code start}, under the rest of their names. */
    public static Map<String, Source> below(String start, Map<String, Source> tensors) {
        Map<String, Source> inner = new LinkedHashMap<>();
        tensors.forEach((key, t) -> {
            if (!key.startsWith(start)) return;
            String name = key.substring(start.length());
            inner.put(name, Views.renamed(t, name));
        });
        return inner;
    }

    /** The names and shapes of today: the attention of early VAE files had other names, and 1x1 convolutions in place of linear layers. */
    static Map<String, Source> modern(Map<String, Source> tensors) {
        Map<String, Source> all = new LinkedHashMap<>();
        for (Source t : tensors.values()) {
            Source modern = modern(t);
            all.put(modern.name(), modern);
        }
        return all;
    }

    static Source modern(Source t) {
        Matcher m = VAE_ATTENTION.matcher(t.name());
        if (!m.matches()) return t;
        Shape s = t.shape();
        boolean conv = s.rank() == 4 && s.size(2) == 1 && s.size(3) == 1;
        String name = m.group(1) + OLD_ATTENTION.getOrDefault(m.group(2), m.group(2)) + m.group(3);
        return Views.renamed(t, name, conv ? Shape.of(s.size(0), s.size(1)) : s);
    }

    /** Keys that files hold and no network takes: the positions 0, 1, 2, ... of early text encoders, and an empty module. */
    public static boolean ignored(String key) { return key.endsWith(".position_ids") || key.startsWith("agg_net."); }

    /** Keys that a network does not need, but for those that {@link #ignored} knows. */
    public static List<String> unused(Map<String, Source> tensors, Map<String, Shape> needed) {
        return tensors.keySet().stream().filter(k -> !needed.containsKey(k) && !ignored(k)).toList();
    }

    /** Keys of the modules that FaithDiff adds to the U-Net. */
    public static boolean added(String key) {
        return AlignConfig.MODULES.stream().anyMatch(module -> key.startsWith(module + "."));
    }

    /** Tensors of a discriminator or an optimizer that training scripts save beside a network. */
    public static boolean training(String key) { return TRAINING.stream().anyMatch(key::startsWith); }

    /** Averaged copies that some checkpoints hold beside the weights themselves. */
    public static boolean ema(String key) { return key.startsWith("model_ema.") || key.startsWith("ema."); }
}
