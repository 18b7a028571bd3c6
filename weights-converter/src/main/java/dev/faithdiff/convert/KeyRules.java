package dev.faithdiff.convert;

import static dev.faithdiff.convert.Settings.number;
import static dev.faithdiff.convert.Settings.numbers;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.faithdiff.tensor.Shape;
import java.util.List;
import java.util.Map;

/**
 * The tensors that each part of a model needs, name and shape, derived from its configuration.
 *
 * <p>Sources: diffusers' UNet2DConditionModel and AutoencoderKL, transformers' CLIPTextModel, and the modules that FaithDiff
 * adds (their published misspelling is kept).
 */
final class KeyRules {
    static final String ENCODER = "denoise_encoder", CONDITION = "condition_embedding";
    static final String TRANSFORMER = "information_transformer_layes", PROJECTION = "spatial_ch_projs";

    private KeyRules() { }

    /** The SDXL U-Net of a diffusers configuration. */
    static Map<String, Shape> unet(JsonObject config) {
        KeyList keys = new KeyList();
        List<Integer> channels = numbers(config, "block_out_channels");
        int levels = channels.size(), first = channels.getFirst(), inner = channels.getLast(), time = 4 * first;
        List<Integer> depths = numbers(config, "transformer_layers_per_block", levels);
        int resnets = number(config, "layers_per_block"), text = number(config, "cross_attention_dim");

        keys.conv("conv_in", number(config, "in_channels"), first, 3);
        keys.linear("time_embedding.linear_1", first, time);
        keys.linear("time_embedding.linear_2", time, time);
        keys.linear("add_embedding.linear_1", number(config, "projection_class_embeddings_input_dim"), time);
        keys.linear("add_embedding.linear_2", time, time);
        for (int i = 0, in = first; i < levels; in = channels.get(i++)) {
            String at = "down_blocks." + i;
            int out = channels.get(i), depth = attends(config, "down_block_types", i, levels) ? depths.get(i) : 0;
            for (int j = 0; j < resnets; j++) {
                keys.resnet(at + ".resnets." + j, j == 0 ? in : out, out, time);
                transformer(keys, at + ".attentions." + j, out, text, depth);
            }
            if (i < levels - 1) keys.conv(at + ".downsamplers.0.conv", out, out, 3);
        }
        keys.resnet("mid_block.resnets.0", inner, inner, time);
        transformer(keys, "mid_block.attentions.0", inner, text, depths.getLast());
        keys.resnet("mid_block.resnets.1", inner, inner, time);
        for (int i = 0, in = inner; i < levels; in = channels.get(levels - 1 - i++)) {
            String at = "up_blocks." + i;
            int level = levels - 1 - i, out = channels.get(level), below = channels.get(Math.max(0, level - 1));
            int depth = attends(config, "up_block_types", i, levels) ? depths.get(level) : 0;
            for (int j = 0; j <= resnets; j++) {
                keys.resnet(at + ".resnets." + j, (j == 0 ? in : out) + (j == resnets ? below : out), out, time);
                transformer(keys, at + ".attentions." + j, out, text, depth);
            }
            if (level > 0) keys.conv(at + ".upsamplers.0.conv", out, out, 3);
        }
        keys.norm("conv_norm_out", first);
        keys.conv("conv_out", first, number(config, "out_channels"), 3);
        return keys.shapes();
    }

    private static void transformer(KeyList keys, String at, int channels, int text, int depth) {
        if (depth == 0) return;
        keys.norm(at + ".norm", channels);
        keys.linear(at + ".proj_in", channels, channels);
        for (int k = 0; k < depth; k++) {
            String block = at + ".transformer_blocks." + k;
            for (int n = 1; n <= 3; n++) keys.norm(block + ".norm" + n, channels);
            for (String attention : List.of(".attn1", ".attn2")) {
                int context = attention.equals(".attn1") ? channels : text;
                keys.tensor(block + attention + ".to_q.weight", channels, channels);
                keys.tensor(block + attention + ".to_k.weight", channels, context);
                keys.tensor(block + attention + ".to_v.weight", channels, context);
                keys.linear(block + attention + ".to_out.0", channels, channels);
            }
            keys.linear(block + ".ff.net.0.proj", channels, 8 * channels);
            keys.linear(block + ".ff.net.2", 4 * channels, channels);
        }
        keys.linear(at + ".proj_out", channels, channels);
    }

    /** The autoencoder of a diffusers configuration. */
    static Map<String, Shape> vae(JsonObject config) {
        KeyList keys = new KeyList();
        List<Integer> channels = numbers(config, "block_out_channels");
        int levels = channels.size(), first = channels.getFirst(), inner = channels.getLast();
        int resnets = number(config, "layers_per_block"), latent = number(config, "latent_channels");
        boolean attention = Settings.flag(config, "mid_block_add_attention", true);
        encoder(keys, "encoder", number(config, "in_channels", 3), channels, resnets, attention);
        keys.norm("encoder.conv_norm_out", inner);
        keys.conv("encoder.conv_out", inner, 2 * latent, 3);
        keys.conv("quant_conv", 2 * latent, 2 * latent, 1);
        keys.conv("post_quant_conv", latent, latent, 1);
        keys.conv("decoder.conv_in", latent, inner, 3);
        middle(keys, "decoder.mid_block", inner, attention);
        for (int i = 0, in = inner; i < levels; in = channels.get(levels - 1 - i++)) {
            String at = "decoder.up_blocks." + i;
            int out = channels.get(levels - 1 - i);
            for (int j = 0; j <= resnets; j++) keys.resnet(at + ".resnets." + j, j == 0 ? in : out, out, 0);
            if (i < levels - 1) keys.conv(at + ".upsamplers.0.conv", out, out, 3);
        }
        keys.norm("decoder.conv_norm_out", first);
        keys.conv("decoder.conv_out", first, number(config, "out_channels", 3), 3);
        return keys.shapes();
    }

    private static void encoder(KeyList keys, String at, int image, List<Integer> channels, int resnets, boolean attention) {
        keys.conv(at + ".conv_in", image, channels.getFirst(), 3);
        for (int i = 0, in = channels.getFirst(); i < channels.size(); in = channels.get(i++)) {
            int out = channels.get(i);
            for (int j = 0; j < resnets; j++) keys.resnet(at + ".down_blocks." + i + ".resnets." + j, j == 0 ? in : out, out, 0);
            if (i < channels.size() - 1) keys.conv(at + ".down_blocks." + i + ".downsamplers.0.conv", out, out, 3);
        }
        middle(keys, at + ".mid_block", channels.getLast(), attention);
    }

    private static void middle(KeyList keys, String at, int channels, boolean attention) {
        keys.resnet(at + ".resnets.0", channels, channels, 0);
        keys.resnet(at + ".resnets.1", channels, channels, 0);
        if (!attention) return;
        keys.norm(at + ".attentions.0.group_norm", channels);
        for (String w : List.of("to_q", "to_k", "to_v", "to_out.0")) keys.linear(at + ".attentions.0." + w, channels, channels);
    }

    /** A CLIP text encoder of a transformers configuration. */
    static Map<String, Shape> text(JsonObject config) {
        KeyList keys = new KeyList();
        int width = number(config, "hidden_size"), mlp = number(config, "intermediate_size");
        keys.tensor("text_model.embeddings.token_embedding.weight", number(config, "vocab_size"), width);
        keys.tensor("text_model.embeddings.position_embedding.weight", number(config, "max_position_embeddings", 77), width);
        for (int i = 0; i < number(config, "num_hidden_layers"); i++) {
            String at = "text_model.encoder.layers." + i;
            for (String w : List.of("q_proj", "k_proj", "v_proj", "out_proj")) keys.linear(at + ".self_attn." + w, width, width);
            keys.norm(at + ".layer_norm1", width);
            keys.linear(at + ".mlp.fc1", width, mlp);
            keys.linear(at + ".mlp.fc2", mlp, width);
            keys.norm(at + ".layer_norm2", width);
        }
        keys.norm("text_model.final_layer_norm", width);
        boolean projects = String.valueOf(config.get("architectures")).contains("WithProjection");
        if (projects) keys.tensor("text_projection.weight", number(config, "projection_dim"), width);
        return keys.shapes();
    }

    /** The modules that FaithDiff adds, for the numbers of {@link ModelJson}. */
    static Map<String, Shape> added(JsonObject numbers) {
        KeyList keys = new KeyList();
        int condition = number(numbers, "condition_channels"), embedding = number(numbers, "embedding_channels");
        int width = number(numbers, "transformer_width"), mlp = width * number(numbers, "transformer_mlp_ratio");
        encoder(keys, ENCODER, 3, numbers(numbers, "encoder_block_out_channels"), number(numbers, "encoder_layers_per_block"),
                Settings.flag(numbers, "encoder_mid_block_add_attention", true));
        keys.norm(CONDITION + ".norm_in", condition);
        keys.conv(CONDITION + ".conv_in", condition, condition, 3);
        keys.conv(CONDITION + ".conv_out", condition, embedding, 3);
        for (int i = 0; i < number(numbers, "transformer_layers"); i++) {
            String block = TRANSFORMER + "." + i;
            keys.tensor(block + ".attn.in_proj_weight", 3 * width, width);
            keys.tensor(block + ".attn.in_proj_bias", 3 * width);
            keys.linear(block + ".attn.out_proj", width, width);
            keys.norm(block + ".ln_1", width);
            keys.linear(block + ".mlp.c_fc", width, mlp);
            keys.linear(block + ".mlp.c_proj", mlp, width);
            keys.norm(block + ".ln_2", width);
        }
        keys.linear(PROJECTION, width, embedding);
        return keys.shapes();
    }

    /** Whether a block has transformers, by the name of its class. */
    private static boolean attends(JsonObject config, String name, int block, int blocks) {
        if (!(config.get(name) instanceof JsonArray a) || a.size() != blocks) throw Settings.lacks(config, name + " of " + blocks + " blocks");
        return a.get(block).toString().startsWith("\"CrossAttn");
    }
}
