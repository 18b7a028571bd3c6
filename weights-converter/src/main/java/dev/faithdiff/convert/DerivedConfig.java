package dev.faithdiff.convert;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.faithdiff.tensor.io.Source;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Configurations for files that carry none: sizes are read off the tensors, all else is as published for SDXL. What does not show in
 * a shape is the width of an attention head (64) and the number of groups (32), so tensors that these do not fit are refused.
 */
final class DerivedConfig {
    private static final int HEAD = 64, GROUPS = 32;

    private final String part;
    private final Map<String, Source> tensors;
    private final JsonObject config;

    private DerivedConfig(String part, Map<String, Source> tensors) {
        this.part = part;
        this.tensors = tensors;
        config = Published.sdxl.config(part);
    }

    /** @throws ConvertError if the tensors are not those of SDXL or of a variant with other widths and depths */
    static JsonObject of(String part, Map<String, Source> tensors) {
        DerivedConfig d = new DerivedConfig(part, tensors);
        switch (part) {
            case "unet" -> d.unet();
            case "vae" -> d.vae();
            default -> d.text();
        }
        return d.config;
    }

    private void unet() {
        List<Integer> channels = levels("down_blocks.", ".resnets.0.conv1.weight"), heads = new ArrayList<>(), depths = new ArrayList<>();
        List<String> down = new ArrayList<>(), up = new ArrayList<>();
        fits(channels, HEAD);
        for (int i = 0; i < channels.size(); i++) {
            int depth = count("down_blocks." + i + ".attentions.0.transformer_blocks.", ".norm1.weight");
            heads.add(channels.get(i) / HEAD);
            depths.add(Math.max(1, depth));
            down.add(depth > 0 ? "CrossAttnDownBlock2D" : "DownBlock2D");
            up.addFirst(depth > 0 ? "CrossAttnUpBlock2D" : "UpBlock2D");
        }
        config.addProperty("in_channels", size("conv_in.weight", 1));
        config.addProperty("out_channels", size("conv_out.weight", 0));
        config.addProperty("layers_per_block", count("down_blocks.0.resnets.", ".conv1.weight"));
        config.addProperty("cross_attention_dim", size("mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight", 1));
        config.addProperty("projection_class_embeddings_input_dim", size("add_embedding.linear_1.weight", 1));
        set("block_out_channels", channels);
        set("attention_head_dim", heads);
        set("transformer_layers_per_block", depths);
        set("down_block_types", down);
        set("up_block_types", up);
    }

    private void vae() {
        List<Integer> channels = levels("encoder.down_blocks.", ".resnets.0.conv1.weight");
        fits(channels, GROUPS);
        config.addProperty("in_channels", size("encoder.conv_in.weight", 1));
        config.addProperty("out_channels", size("decoder.conv_out.weight", 0));
        config.addProperty("latent_channels", size("decoder.conv_in.weight", 1));
        config.addProperty("layers_per_block", count("encoder.down_blocks.0.resnets.", ".conv1.weight"));
        set("block_out_channels", channels);
        set("down_block_types", channels.stream().map(c -> "DownEncoderBlock2D").toList());
        set("up_block_types", channels.stream().map(c -> "UpDecoderBlock2D").toList());
    }

    private void text() {
        int width = size("text_model.embeddings.token_embedding.weight", 1);
        fits(List.of(width), HEAD);
        config.addProperty("hidden_size", width);
        config.addProperty("num_attention_heads", width / HEAD);
        config.addProperty("num_hidden_layers", count("text_model.encoder.layers.", ".mlp.fc1.weight"));
        config.addProperty("intermediate_size", size("text_model.encoder.layers.0.mlp.fc1.weight", 0));
        config.addProperty("vocab_size", size("text_model.embeddings.token_embedding.weight", 0));
        config.addProperty("max_position_embeddings", size("text_model.embeddings.position_embedding.weight", 0));
        if (tensors.containsKey("text_projection.weight")) config.addProperty("projection_dim", size("text_projection.weight", 0));
    }

    private void fits(List<Integer> channels, int part) {
        if (!channels.isEmpty() && channels.stream().allMatch(c -> c > 0 && c % part == 0)) return;
        throw new ConvertError(this.part + ": widths " + channels + " are not multiples of " + part
                + " as in SDXL, so its configuration cannot be derived: say --config");
    }

    /** The output width of each level. */
    private List<Integer> levels(String before, String after) {
        List<Integer> channels = new ArrayList<>();
        for (int i = 0, n = count(before, after); i < n; i++) channels.add(size(before + i + after, 0));
        return channels;
    }

    private int count(String before, String after) {
        int n = 0;
        while (tensors.containsKey(before + n + after)) n++;
        return n;
    }

    private int size(String key, int axis) {
        Source t = tensors.get(key);
        if (t == null) throw new ConvertError(part + ": " + key + " is missing");
        if (t.shape().rank() > axis) return t.shape().size(axis);
        throw new ConvertError(part + ": " + key + " has the impossible shape " + t.shape());
    }

    private void set(String name, List<?> values) {
        JsonArray a = new JsonArray();
        for (Object v : values) if (v instanceof Integer i) a.add(i); else a.add(v.toString());
        config.add(name, a);
    }
}
