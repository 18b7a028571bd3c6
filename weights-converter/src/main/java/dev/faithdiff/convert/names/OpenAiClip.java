package dev.faithdiff.convert.names;

import dev.faithdiff.convert.file.Views;
import dev.faithdiff.tensor.io.Source;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * CLIP as OpenAI released it. Text encoder and vision transformer get the names of transformers; a ResNet keeps its names below {@code visual.}.
 * Source: transformers convert_clip_original_pytorch_to_hf.py.
 */
final class OpenAiClip {
    private static final String VISUAL = "visual.", SCALE = "logit_scale";

    private OpenAiClip() { }

    static boolean is(Map<String, Source> tensors) { return tensors.containsKey("visual.conv1.weight"); }

    static Map<String, Source> tensors(Map<String, Source> original) {
        Map<String, Source> text = new LinkedHashMap<>(original), all = new LinkedHashMap<>();
        text.keySet().removeIf(key -> key.startsWith(VISUAL));
        all.putAll(OpenClip.tensors(text));
        if (original.containsKey(SCALE)) all.put(SCALE, original.get(SCALE));
        Map<String, Source> visual = KeyNames.below(VISUAL, original);
        if (!visual.containsKey("class_embedding")) {
            visual.forEach((name, t) -> all.put(VISUAL + name, Views.renamed(t, VISUAL + name)));
            return all;
        }
        for (Source t : OpenClip.tensors(visual).values()) {
            String name = visual(t.name());
            all.put(name, name.equals("visual_projection.weight") ? Views.transposed(t, name) : Views.renamed(t, name));
        }
        return all;
    }

    private static String visual(String key) {
        return switch (key) {
            case "class_embedding" -> "vision_model.embeddings.class_embedding";
            case "conv1.weight" -> "vision_model.embeddings.patch_embedding.weight";
            case "proj" -> "visual_projection.weight";
            default -> key.replaceFirst("^text_model\\.", "vision_model.").replaceFirst("^ln_pre\\.", "vision_model.pre_layrnorm.")
                    .replaceFirst("^ln_post\\.", "vision_model.post_layernorm.");
        };
    }
}
