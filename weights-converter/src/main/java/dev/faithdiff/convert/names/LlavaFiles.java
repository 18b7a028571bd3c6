package dev.faithdiff.convert.names;

import dev.faithdiff.convert.file.Views;
import dev.faithdiff.tensor.io.Source;
import java.util.LinkedHashMap;
import java.util.Map;

/** The names in the files of LLaVA: those of its own code (liuhaotian) and those of transformers (llava-hf). */
public final class LlavaFiles {
    private static final String TOWER = "vision_model.", PROJECTOR = "multi_modal_projector.linear_", OWN_PROJECTOR = "model.mm_projector.",
            LAYERS = TOWER + "encoder.layers.";

    private LlavaFiles() { }

    /** The language model, by LLaMA's names. */
    public static Map<String, Source> language(Map<String, Source> all) {
        Map<String, Source> inner = KeyNames.below("language_model.", all);
        Map<String, Source> language = new LinkedHashMap<>();
        (inner.isEmpty() ? all : inner).forEach((key, t) -> {
            boolean other = key.startsWith(OWN_PROJECTOR) || key.startsWith("model.vision_tower.") || key.equals("model.image_newline");
            if (!other && !key.endsWith(".rotary_emb.inv_freq")) language.put(key, t); // frequencies follow from the sizes
        });
        return language;
    }

    /** Whether CLIP's vision tower is in the files. */
    public static boolean hasTower(Map<String, Source> all) { return all.keySet().stream().anyMatch(k -> k.contains(TOWER)); }

    /**
     * CLIP's vision tower and the layers behind it. The last layer and the last norm are not used.
     *
     * @param clip the tensors of CLIP's own file, or those of LLaVA's if the tower is among them
     */
    public static Map<String, Source> vision(Map<String, Source> all, Map<String, Source> clip) {
        Map<String, Source> vision = new LinkedHashMap<>();
        clip.forEach((key, t) -> put(vision, t, key.contains(TOWER) ? key.substring(key.indexOf(TOWER)) : ""));
        String last = LAYERS + (Views.shapes(vision).count(TOWER + "encoder.layers", "mlp.fc1.weight") - 1) + ".";
        vision.keySet().removeIf(k -> k.startsWith(last) || k.startsWith(TOWER + "post_layernorm.") || KeyNames.ignored(k));
        all.forEach((key, t) -> {
            String rest = key.startsWith(OWN_PROJECTOR) ? key.substring(OWN_PROJECTOR.length()) : "";
            if (key.startsWith(PROJECTOR)) put(vision, t, key);
            if (rest.startsWith("0.")) put(vision, t, PROJECTOR + "1" + rest.substring(1)); // layer 1 is GELU
            if (rest.startsWith("2.")) put(vision, t, PROJECTOR + rest);
        });
        return vision;
    }

    private static void put(Map<String, Source> to, Source t, String name) {
        if (!name.isEmpty()) to.put(name, Views.renamed(t, name));
    }
}
