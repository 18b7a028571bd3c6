package dev.faithdiff.convert.system;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.Views;
import dev.faithdiff.networks.align.AlignConfig;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.tensor.io.Source;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/** A model folder's {@code model.json}: its format, where it came from, and the numbers that the published code hard-codes. */
final class ModelJson {
    /** The kind of FaithDiff models, and where their numbers are. */
    static final String FAITHDIFF = "faithdiff";
    private static final int TIME_IDS = 6;
    private static final Set<String> SHOWN = Set.of("encoder_block_out_channels", "encoder_layers_per_block", "encoder_mid_block_add_attention",
            "condition_channels", "embedding_channels", "transformer_width", "transformer_layers", "transformer_mlp_ratio", "downscale");

    private ModelJson() { }

    /**
     * FaithDiff's numbers. Sizes are read from the tensors' shapes, and {@code faithdiff_config.json} must agree with them. Other numbers are
     * those of that file, or as published.
     */
    static JsonObject numbers(Map<String, Source> tensors, JsonObject given, UNetConfig unet, boolean text, ConversionReport report) {
        AlignConfig c = sizes(tensors);
        JsonObject n = new JsonObject();
        n.add("encoder_block_out_channels", DerivedConfig.array(c.encoderChannels()));
        n.addProperty("encoder_layers_per_block", c.encoderLayers());
        n.addProperty("encoder_norm_num_groups", c.encoderGroups());
        n.addProperty("encoder_norm_eps", 1e-6);
        n.addProperty("encoder_mid_block_add_attention", c.encoderAttention());
        n.addProperty("condition_channels", c.conditionChannels());
        n.addProperty("condition_norm_num_groups", c.conditionGroups());
        n.addProperty("condition_norm_eps", 1e-6);
        n.addProperty("embedding_channels", c.embeddingChannels());
        n.addProperty("transformer_width", c.width());
        n.addProperty("transformer_heads", c.heads());
        n.addProperty("transformer_layers", c.layers());
        n.addProperty("transformer_mlp_ratio", c.mlpRatio());
        n.addProperty("layer_norm_eps", 1e-5);
        n.addProperty("attention_axis", "batch");
        n.addProperty("downscale", 1 << c.encoderChannels().length - 1);
        if (!text) {
            n.addProperty("reads_text", false);
            n.addProperty("text_tokens", 77);
            n.addProperty("text_dim", unet.textWidth());
            n.addProperty("pooled_text_dim", unet.time().addedWidth() - TIME_IDS * unet.time().sizeWidth());
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

    /** As {@link #text(SourceFolder, JsonObject)}, for a model that was not made from files. */
    static String text(String origin, JsonObject numbers) { return text(new JsonPrimitive(origin), numbers); }

    /** The file of a network that is a whole model by itself; its sizes are not nested. */
    static String generator(Path source, String kind, JsonObject numbers) { return whole(name(source), kind, numbers); }

    /** As {@link #generator}. @param source names the files */
    static String whole(String source, String kind, JsonObject numbers) {
        JsonObject model = header(kind, new JsonPrimitive(source));
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

    private static AlignConfig sizes(Map<String, Source> tensors) {
        try {
            return AlignConfig.of(Views.shapes(tensors));
        } catch (IllegalArgumentException e) {
            throw new ConvertError("unet: the sizes of FaithDiff's modules cannot be read from their tensors: " + e.getMessage());
        }
    }

    private static String name(Path p) { return p.toAbsolutePath().normalize().getFileName().toString(); }
}
