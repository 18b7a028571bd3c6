package dev.faithdiff.convert.names;

import dev.faithdiff.convert.file.Views;
import dev.faithdiff.tensor.io.Source;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Text encoders with open_clip's names, one matrix for query, key and value, and a transposed projection: SDXL's second one and that of
 * Stable Diffusion 2 in single files.
 * Source: diffusers, scripts/convert_diffusers_to_original_sdxl.py.
 */
final class OpenClip {
    private static final Pattern FUSED = Pattern.compile("(.*\\.self_attn\\.)in_proj_(weight|bias)");
    private static final List<String> PARTS = List.of("q_proj.", "k_proj.", "v_proj.");

    private OpenClip() { }

    static Map<String, Source> tensors(Map<String, Source> original) {
        Map<String, Source> all = new LinkedHashMap<>();
        for (Source t : original.values()) {
            String name = name(t.name());
            Matcher fused = FUSED.matcher(name);
            if (name.equals("text_projection")) {
                put(all, Views.transposed(t, "text_projection.weight"));
            } else if (fused.matches() && t.shape().rank() > 0 && t.shape().size(0) % PARTS.size() == 0) {
                int rows = t.shape().size(0) / PARTS.size();
                for (int i = 0; i < PARTS.size(); i++) {
                    put(all, Views.rows(t, fused.group(1) + PARTS.get(i) + fused.group(2), i * rows, (i + 1) * rows));
                }
            } else if (!name.equals("logit_scale")) {
                put(all, Views.renamed(t, name));
            }
        }
        return all;
    }

    /**
     * The tensors of Stable Diffusion 2, whose original code has a last layer that it never runs, and a projection that it does not use: both are
     * left out, as in the diffusers release.
     */
    static Map<String, Source> withoutLast(Map<String, Source> original) {
        Map<String, Source> all = tensors(original);
        int last = Views.shapes(all).count("text_model.encoder.layers", "mlp.fc1.weight") - 1;
        all.keySet().removeIf(key -> key.startsWith("text_model.encoder.layers." + last + ".") || key.equals("text_projection.weight"));
        return all;
    }

    private static void put(Map<String, Source> all, Source t) { all.put(t.name(), t); }

    private static String name(String key) {
        return switch (key) {
            case "token_embedding.weight" -> "text_model.embeddings.token_embedding.weight";
            case "positional_embedding" -> "text_model.embeddings.position_embedding.weight";
            default -> key.replaceFirst("^ln_final\\.", "text_model.final_layer_norm.")
                    .replaceFirst("^transformer\\.resblocks\\.", "text_model.encoder.layers.")
                    .replaceFirst("\\.attn\\.", ".self_attn.").replaceFirst("\\.ln_([12])\\.", ".layer_norm$1.")
                    .replaceFirst("\\.mlp\\.c_fc\\.", ".mlp.fc1.").replaceFirst("\\.mlp\\.c_proj\\.", ".mlp.fc2.");
        };
    }
}
