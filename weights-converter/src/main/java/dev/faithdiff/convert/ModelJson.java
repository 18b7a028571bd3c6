package dev.faithdiff.convert;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.faithdiff.tensor.io.Source;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/** The model folder's {@code model.json}: its format, where it came from, and the numbers that the reference hard-codes. */
final class ModelJson {
    /** The kind of FaithDiff models, and where their numbers are. */
    static final String FAITHDIFF = "faithdiff";
    private static final Set<String> SHOWN = Set.of("encoder_block_out_channels", "encoder_layers_per_block", "encoder_mid_block_add_attention",
            "condition_channels", "embedding_channels", "transformer_width", "transformer_layers", "transformer_mlp_ratio", "downscale");

    private ModelJson() { }

    /**
     * The numbers, read off the tensors where they show there and otherwise as published; a {@code faithdiff_config.json} goes
     * before what is published and must agree with the tensors.
     */
    static JsonObject numbers(Map<String, Source> tensors, JsonObject given, JsonObject unet, boolean text, ConversionReport report) {
        JsonObject n = new JsonObject();
        JsonArray channels = new JsonArray();
        for (int i = 0; size(tensors, block(i, 0), 0) > 0; i++) channels.add(size(tensors, block(i, 0), 0));
        int resnets = 0, layers = 0;
        while (size(tensors, block(0, resnets), 0) > 0) resnets++;
        while (size(tensors, KeyRules.TRANSFORMER + "." + layers + ".attn.out_proj.weight", 0) > 0) layers++;
        int width = size(tensors, KeyRules.TRANSFORMER + ".0.attn.out_proj.weight", 0);

        n.add("encoder_block_out_channels", channels);
        n.addProperty("encoder_layers_per_block", resnets);
        n.addProperty("encoder_norm_num_groups", 32);
        n.addProperty("encoder_norm_eps", 1e-6);
        n.addProperty("encoder_mid_block_add_attention", size(tensors, KeyRules.ENCODER + ".mid_block.attentions.0.to_q.weight", 0) > 0);
        n.addProperty("condition_channels", size(tensors, KeyRules.CONDITION + ".conv_in.weight", 1));
        n.addProperty("condition_norm_num_groups", 32);
        n.addProperty("condition_norm_eps", 1e-6);
        n.addProperty("embedding_channels", size(tensors, KeyRules.CONDITION + ".conv_out.weight", 0));
        n.addProperty("transformer_width", width);
        n.addProperty("transformer_heads", 8);
        n.addProperty("transformer_layers", layers);
        n.addProperty("transformer_mlp_ratio", width == 0 ? 0 : size(tensors, KeyRules.TRANSFORMER + ".0.mlp.c_fc.weight", 0) / width);
        n.addProperty("layer_norm_eps", 1e-5);
        n.addProperty("attention_axis", "batch");
        n.addProperty("downscale", 1 << Math.max(0, channels.size() - 1));
        if (!text) {
            n.addProperty("text_tokens", 77);
            int pooledAndTimeIds = Settings.number(unet, "projection_class_embeddings_input_dim");
            n.addProperty("text_dim", Settings.number(unet, "cross_attention_dim"));
            n.addProperty("pooled_text_dim", pooledAndTimeIds - 6 * Settings.number(unet, "addition_time_embed_dim"));
        }
        n.addProperty("guidance_scale", text ? 5.0 : 1.0);
        n.addProperty("num_inference_steps", 20);
        n.addProperty("start_point", "lr");
        n.addProperty("color_fix", "adain");
        if (given != null) agree(n, given, report);
        return n;
    }

    /** The whole file; the same input gives the same text. */
    static String text(SourceFolder source, JsonObject numbers) {
        JsonObject names = new JsonObject();
        names.addProperty("sdxl", name(source.sdxl()));
        names.addProperty("vae", name(source.vae() == null ? source.sdxl() : source.vae()));
        names.addProperty("faithdiff", name(source.faithdiff()));
        return text(names, numbers);
    }

    /** As {@link #text(SourceFolder, JsonObject)} for a model that no files were the source of. */
    static String text(String origin, JsonObject numbers) { return text(new JsonPrimitive(origin), numbers); }

    /** The file of a network that is a model of its own; its numbers are not nested. */
    static String generator(Path source, String kind, JsonObject numbers) {
        JsonObject model = header(kind, new JsonPrimitive(name(source)));
        numbers.asMap().forEach(model::add);
        return Published.text(model);
    }

    private static String text(JsonElement origin, JsonObject numbers) {
        JsonObject model = header(FAITHDIFF, origin);
        model.add(FAITHDIFF, numbers);
        return Published.text(model);
    }

    private static JsonObject header(String kind, JsonElement origin) {
        JsonObject model = new JsonObject();
        model.addProperty("format", "faithdiff-jvm");
        model.addProperty("version", 1);
        model.add("source", origin);
        model.addProperty("kind", kind);
        return model;
    }

    private static void agree(JsonObject numbers, JsonObject given, ConversionReport report) {
        for (String name : numbers.keySet().toArray(String[]::new)) {
            JsonElement value = given.get(name);
            if (value == null) continue;
            if (SHOWN.contains(name) && !value.equals(numbers.get(name))) {
                report.problem("faithdiff_config.json: " + name + " is " + value + " but the tensors show " + numbers.get(name));
            } else {
                numbers.add(name, value);
            }
        }
    }

    private static String block(int i, int resnet) { return KeyRules.ENCODER + ".down_blocks." + i + ".resnets." + resnet + ".conv1.weight"; }

    /** One size of a tensor, 0 where it is not there. */
    private static int size(Map<String, Source> tensors, String key, int axis) {
        Source t = tensors.get(key);
        return t == null || t.shape().rank() <= axis ? 0 : t.shape().size(axis);
    }

    private static String name(Path p) { return p.toAbsolutePath().normalize().getFileName().toString(); }
}
