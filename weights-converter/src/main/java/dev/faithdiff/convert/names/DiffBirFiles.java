package dev.faithdiff.convert.names;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.Views;
import dev.faithdiff.networks.swinir.SwinIrConfig;
import dev.faithdiff.tensor.io.Source;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** The layouts of DiffBIR's own files: IRControlNet in the original layout of Stable Diffusion, and a SwinIR with the masks of its windows. */
public final class DiffBirFiles {
    private static final String ZERO = "zero_convs.", MIDDLE = "middle_block_out.0.";
    private static final String ATTENTION = "layers.0.residual_group.blocks.0.attn.qkv.weight";

    private DiffBirFiles() { }

    /** Whether these are the tensors of IRControlNet. @param tensors as {@link KeyNames#unwrap} gives them */
    static boolean isControl(Map<String, Source> tensors) { return tensors.keySet().containsAll(Set.of(ZERO + "0.0.weight", MIDDLE + "weight")); }

    /** Whether these are the tensors of a SwinIR. @param tensors as {@link KeyNames#unwrap} gives them */
    static boolean isSwinIr(Map<String, Source> tensors) { return tensors.keySet().containsAll(Set.of(ATTENTION, "conv_after_body.weight")); }

    /** IRControlNet under the names of diffusers' ControlNets. */
    public static Map<String, Source> control(Map<String, Source> tensors) {
        Map<String, Source> all = new LinkedHashMap<>();
        for (Source t : OriginalLayout.unet(KeyNames.unwrap(tensors)).values()) {
            String name = t.name().startsWith(MIDDLE) ? "controlnet_mid_block." + t.name().substring(MIDDLE.length())
                    : t.name().replaceFirst("^zero_convs\\.(\\d{1,4})\\.0\\.", "controlnet_down_blocks.$1.");
            all.put(name, Views.renamed(t, name));
        }
        return all;
    }

    /** A SwinIR without the masks and places of its windows, which follow from its sizes. */
    public static Map<String, Source> swinIr(Map<String, Source> tensors) {
        Map<String, Source> all = new LinkedHashMap<>(KeyNames.unwrap(tensors));
        all.keySet().removeIf(key -> key.endsWith(".attn_mask") || key.endsWith(".attn.relative_position_index"));
        return all;
    }

    /** The sizes of a SwinIR as {@code model.json} holds them. @throws ConvertError if the tensors are not those of one */
    public static JsonObject sizes(Map<String, Source> swinIr) {
        SwinIrConfig c;
        try {
            c = SwinIrConfig.of(Views.shapes(swinIr));
        } catch (IllegalArgumentException e) {
            throw new ConvertError("the SwinIR has no sizes that can be read from its tensors: " + e.getMessage());
        }
        JsonObject sizes = new JsonObject();
        sizes.addProperty("width", c.width());
        JsonArray blocks = new JsonArray();
        for (int n : c.blocks()) blocks.add(n);
        sizes.add("blocks", blocks);
        sizes.addProperty("heads", c.heads());
        sizes.addProperty("window", c.window());
        sizes.addProperty("mlp_width", c.mlpWidth());
        sizes.addProperty("features", c.features());
        sizes.addProperty("doublings", c.doublings());
        return sizes;
    }
}
