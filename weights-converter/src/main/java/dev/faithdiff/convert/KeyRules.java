package dev.faithdiff.convert;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The only place that knows keys: which ones each part of a model needs, and how older files named them.
 *
 * <p>Sources: diffusers' UNet2DConditionModel and AutoencoderKL, transformers' CLIPTextModel, and the modules that FaithDiff adds
 * (their published misspelling is kept).
 */
final class KeyRules {
    static final String ENCODER = "denoise_encoder", CONDITION = "condition_embedding";
    static final String TRANSFORMER = "information_transformer_layes", PROJECTION = "spatial_ch_projs";
    private static final int LARGEST = 1_000_000, MOST_KEYS = 1_000_000;
    private static final List<String> WRAPPERS = List.of("params_ema.", "params.", "state_dict.", "module.");
    private static final Map<String, String> OLD_ATTENTION = Map.of("query", "to_q", "key", "to_k", "value", "to_v", "proj_attn", "to_out.0");
    private static final Pattern VAE_ATTENTION = Pattern.compile(
            "(.*mid_block\\.attentions\\.0\\.)(query|key|value|proj_attn|to_q|to_k|to_v|to_out\\.0)(\\.weight|\\.bias)");

    private record Renamed(Source source, String name, Shape shape) implements Source {
        @Override public DType dtype() { return source.dtype(); }

        @Override public void writeTo(WritableByteChannel out) throws IOException { source.writeTo(out); }
    }

    private KeyRules() { }

    /** The state dict itself, taken out of what training scripts wrap around it. */
    static Map<String, Source> unwrap(Map<String, Source> tensors) {
        if (tensors.keySet().stream().anyMatch(k -> k.startsWith("conv_in.") || k.startsWith(PROJECTION + "."))) return tensors;
        for (String wrapper : WRAPPERS) {
            Map<String, Source> inner = new LinkedHashMap<>();
            tensors.forEach((key, t) -> {
                if (!key.startsWith(wrapper)) return;
                String name = key.substring(wrapper.length());
                inner.put(name, new Renamed(t, name, t.shape()));
            });
            if (!inner.isEmpty()) return unwrap(inner);
        }
        return tensors;
    }

    /** Today's name and shape: attention of early VAE files had other names, and 1x1 convolutions where linear layers are now. */
    static Source modern(Source t) {
        Matcher m = VAE_ATTENTION.matcher(t.name());
        if (!m.matches()) return t;
        Shape s = t.shape();
        boolean conv = s.rank() == 4 && s.size(2) == 1 && s.size(3) == 1;
        String name = m.group(1) + OLD_ATTENTION.getOrDefault(m.group(2), m.group(2)) + m.group(3);
        return new Renamed(t, name, conv ? Shape.of(s.size(0), s.size(1)) : s);
    }

    /** Keys that files carry and no model takes: the positions 0, 1, 2, ... of early text encoders, and an empty module. */
    static boolean ignored(String key) { return key.endsWith(".position_ids") || key.startsWith("agg_net."); }

    /** Keys of the modules that FaithDiff adds to the U-Net. */
    static boolean added(String key) {
        return Stream.of(ENCODER, CONDITION, TRANSFORMER, PROJECTION).anyMatch(module -> key.startsWith(module + "."));
    }

    /** The SDXL U-Net of a diffusers configuration. */
    static Set<String> unet(JsonObject config) {
        Set<String> keys = new LinkedHashSet<>();
        List<Integer> channels = numbers(config, "block_out_channels"), depths = depths(config, channels.size());
        List<Boolean> down = attention(config, "down_block_types", channels.size()), up = attention(config, "up_block_types", channels.size());
        int last = channels.size() - 1, resnets = number(config, "layers_per_block");
        layers(keys, "", "conv_in", "time_embedding.linear_1", "time_embedding.linear_2", "add_embedding.linear_1", "add_embedding.linear_2");
        layers(keys, "", "conv_norm_out", "conv_out");
        for (int i = 0; i <= last; i++) {
            boolean changes = i > 0 && !channels.get(i).equals(channels.get(i - 1));
            unetBlock(keys, "down_blocks." + i + ".", resnets, down.get(i) ? depths.get(i) : 0, changes ? 1 : 0);
            unetBlock(keys, "up_blocks." + i + ".", resnets + 1, up.get(i) ? depths.get(last - i) : 0, resnets + 1);
            if (i < last) layers(keys, "", "down_blocks." + i + ".downsamplers.0.conv", "up_blocks." + i + ".upsamplers.0.conv");
        }
        unetBlock(keys, "mid_block.", 1, depths.getLast(), 0);
        unetBlock(keys, "mid_block.", 2, 0, 0);
        return keys;
    }

    private static void unetBlock(Set<String> keys, String at, int resnets, int depth, int shortcuts) {
        for (int j = 0; j < resnets; j++) {
            resnet(keys, at + "resnets." + j, j < shortcuts);
            layers(keys, at + "resnets." + j, "time_emb_proj");
            if (depth > 0) layers(keys, at + "attentions." + j, "norm", "proj_in", "proj_out");
            for (int k = 0; k < depth; k++) {
                String block = at + "attentions." + j + ".transformer_blocks." + k;
                layers(keys, block, "norm1", "norm2", "norm3", "attn1.to_out.0", "attn2.to_out.0", "ff.net.0.proj", "ff.net.2");
                for (String w : List.of("attn1.to_q", "attn1.to_k", "attn1.to_v", "attn2.to_q", "attn2.to_k", "attn2.to_v")) {
                    keys.add(block + "." + w + ".weight");
                }
            }
        }
    }

    /** The autoencoder of a diffusers configuration. */
    static Set<String> vae(JsonObject config) {
        Set<String> keys = new LinkedHashSet<>();
        List<Integer> channels = numbers(config, "block_out_channels");
        int blocks = channels.size(), resnets = number(config, "layers_per_block");
        boolean attention = !config.has("mid_block_add_attention") || config.get("mid_block_add_attention").getAsBoolean();
        encoder(keys, "encoder.", channels, resnets, attention);
        middle(keys, "decoder.mid_block.", attention);
        for (int i = 0; i < blocks; i++) {
            boolean changes = i > 0 && !channels.get(blocks - i).equals(channels.get(blocks - 1 - i));
            for (int j = 0; j <= resnets; j++) resnet(keys, "decoder.up_blocks." + i + ".resnets." + j, changes && j == 0);
            if (i < blocks - 1) layers(keys, "decoder.up_blocks." + i, "upsamplers.0.conv");
        }
        layers(keys, "encoder", "conv_norm_out", "conv_out");
        layers(keys, "decoder", "conv_in", "conv_norm_out", "conv_out");
        layers(keys, "", "quant_conv", "post_quant_conv");
        return keys;
    }

    /** A CLIP text encoder of a transformers configuration. */
    static Set<String> text(JsonObject config) {
        String embeddings = "text_model.embeddings.";
        Set<String> keys = new LinkedHashSet<>(List.of(embeddings + "token_embedding.weight", embeddings + "position_embedding.weight"));
        for (int i = 0; i < number(config, "num_hidden_layers"); i++) {
            layers(keys, "text_model.encoder.layers." + i, "layer_norm1", "layer_norm2", "mlp.fc1", "mlp.fc2",
                    "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj");
        }
        layers(keys, "text_model", "final_layer_norm");
        if (String.valueOf(config.get("architectures")).contains("WithProjection")) keys.add("text_projection.weight");
        return keys;
    }

    /** The added modules, for the numbers of {@link ModelJson}. */
    static Set<String> added(JsonObject numbers) {
        Set<String> keys = new LinkedHashSet<>();
        encoder(keys, ENCODER + ".", numbers(numbers, "encoder_block_out_channels"), number(numbers, "encoder_layers_per_block"),
                numbers.get("encoder_mid_block_add_attention").getAsBoolean());
        layers(keys, CONDITION, "conv_in", "norm_in", "conv_out");
        for (int i = 0; i < number(numbers, "transformer_layers"); i++) {
            String block = TRANSFORMER + "." + i;
            keys.addAll(List.of(block + ".attn.in_proj_weight", block + ".attn.in_proj_bias"));
            layers(keys, block, "attn.out_proj", "ln_1", "ln_2", "mlp.c_fc", "mlp.c_proj");
        }
        layers(keys, "", PROJECTION);
        return keys;
    }

    private static void encoder(Set<String> keys, String at, List<Integer> channels, int resnets, boolean attention) {
        layers(keys, "", at + "conv_in");
        for (int i = 0; i < channels.size(); i++) {
            boolean changes = i > 0 && !channels.get(i).equals(channels.get(i - 1));
            for (int j = 0; j < resnets; j++) resnet(keys, at + "down_blocks." + i + ".resnets." + j, changes && j == 0);
            if (i < channels.size() - 1) layers(keys, at + "down_blocks." + i, "downsamplers.0.conv");
        }
        middle(keys, at + "mid_block.", attention);
    }

    private static void middle(Set<String> keys, String at, boolean attention) {
        resnet(keys, at + "resnets.0", false);
        resnet(keys, at + "resnets.1", false);
        if (attention) layers(keys, at + "attentions.0", "group_norm", "to_q", "to_k", "to_v", "to_out.0");
    }

    private static void resnet(Set<String> keys, String at, boolean shortcut) {
        layers(keys, at, "norm1", "conv1", "norm2", "conv2");
        if (shortcut) layers(keys, at, "conv_shortcut");
    }

    /** Weight and bias of each layer below {@code at}. */
    private static void layers(Set<String> keys, String at, String... names) {
        if (keys.size() > MOST_KEYS) throw new ConvertError("a configuration asks for more than " + MOST_KEYS + " tensors");
        for (String name : names) {
            String layer = at.isEmpty() ? name : at + "." + name;
            keys.add(layer + ".weight");
            keys.add(layer + ".bias");
        }
    }

    private static List<Integer> depths(JsonObject config, int blocks) {
        if (!(config.get("transformer_layers_per_block") instanceof JsonArray)) {
            return Collections.nCopies(blocks, config.has("transformer_layers_per_block") ? number(config, "transformer_layers_per_block") : 1);
        }
        List<Integer> depths = numbers(config, "transformer_layers_per_block");
        if (depths.size() != blocks) throw lacks(config, "transformer_layers_per_block of " + blocks + " blocks");
        return depths;
    }

    /** Which blocks have attention, by the names of their classes. */
    private static List<Boolean> attention(JsonObject config, String name, int blocks) {
        if (!(config.get(name) instanceof JsonArray a) || a.size() != blocks) throw lacks(config, name + " of " + blocks + " blocks");
        return a.asList().stream().map(e -> e.toString().startsWith("\"CrossAttn")).toList();
    }

    private static List<Integer> numbers(JsonObject config, String name) {
        if (!(config.get(name) instanceof JsonArray a)) throw lacks(config, name);
        return a.asList().stream().map(e -> number(config, name, e)).toList();
    }

    /** A whole number of a configuration. */
    static int number(JsonObject config, String name) { return number(config, name, config.get(name)); }

    private static int number(JsonObject config, String name, JsonElement value) {
        if (!(value instanceof JsonPrimitive p) || !p.isNumber()) throw lacks(config, name);
        if (!(p.getAsDouble() >= 0 && p.getAsDouble() <= LARGEST)) throw lacks(config, name);
        return p.getAsInt();
    }

    private static ConvertError lacks(JsonObject config, String what) {
        JsonElement kind = config.has("_class_name") ? config.get("_class_name") : config.get("architectures");
        return new ConvertError("config.json of " + ConvertError.clean(String.valueOf(kind)) + " has no usable " + what);
    }
}
