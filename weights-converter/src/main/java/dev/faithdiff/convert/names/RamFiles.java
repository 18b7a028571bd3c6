package dev.faithdiff.convert.names;

import dev.faithdiff.convert.file.Views;
import dev.faithdiff.tensor.io.Source;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The names in the files of RAM, and in that of DAPE, which changes RAM by loralib's LoRAs. */
public final class RamFiles {
    /** What tags. The rest of the file describes photos, which is not published for DAPE. */
    private static final List<String> USED = List.of("visual_encoder.", "image_proj.", "wordvec_proj.", "label_embed", "tagging_head.", "fc.");
    /** What the network makes itself. */
    private static final List<String> MADE = List.of(".attn_mask", ".relative_position_index");
    private static final String HEAD = "tagging_head.", OLD_HEAD = "vision_multi.", DOWN = ".lora_A", UP = ".lora_B";

    private RamFiles() { }

    /** Whether tensors are RAM's, as the file holds them. */
    static boolean is(Map<String, Source> inner) {
        return inner.containsKey("label_embed") && inner.containsKey("visual_encoder.patch_embed.proj.weight");
    }

    static boolean isDape(Map<String, Source> inner) { return inner.containsKey("visual_encoder.layers.0.blocks.0.attn.qkv" + DOWN); }

    /** The tensors of the tagger by the names of today. */
    public static Map<String, Source> tagger(Map<String, Source> inner) {
        Map<String, Source> all = new LinkedHashMap<>();
        for (Source t : inner.values()) {
            String name = t.name().startsWith(OLD_HEAD) ? HEAD + t.name().substring(OLD_HEAD.length()) : t.name();
            if (USED.stream().anyMatch(name::startsWith) && MADE.stream().noneMatch(name::endsWith)) all.put(name, Views.renamed(t, name));
        }
        return all;
    }

    /** Both factors of the change of a weight; null if there is none. @param weight its name */
    public static Source[] change(Map<String, Source> dape, String weight) {
        if (!weight.endsWith(".weight")) return null;
        String module = weight.substring(0, weight.length() - ".weight".length());
        Source down = dape.get(module + DOWN), up = dape.get(module + UP);
        return down == null || up == null ? null : new Source[] {down, up};
    }
}
