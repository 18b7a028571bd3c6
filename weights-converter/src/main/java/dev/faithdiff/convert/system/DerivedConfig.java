package dev.faithdiff.convert.system;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.Views;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.clip.ClipConfig;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.networks.vae.VaeConfig;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.tensor.io.Source;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;

/** Makes the {@code config.json} of a part that came without one: sizes are read from its tensors, all else is as published for SDXL. */
final class DerivedConfig {
    private DerivedConfig() { }

    /** @throws ConvertError if the tensors are not those of SDXL or of a variant with other widths and depths */
    static JsonObject of(String part, Map<String, Source> tensors) {
        Config published = Published.sdxl.config(part);
        NamedShapes shapes = Views.shapes(tensors);
        JsonObject json = published.json();
        try {
            switch (part) {
                case "unet" -> write(json, UNetConfig.of(shapes));
                case "vae" -> write(json, VaeConfig.of(shapes, (float) published.number("scaling_factor")));
                default -> write(json, ClipConfig.of(shapes, ClipConfig.quickGelu(published)));
            }
            return json;
        } catch (IllegalArgumentException e) {
            String reason = ": its configuration cannot be derived from its tensors; name a folder that has one by --config: ";
            throw new ConvertError(part + reason + e.getMessage());
        }
    }

    private static void write(JsonObject json, UNetConfig c) {
        if (c.time().addedWidth() == 0) throw new IllegalArgumentException("add_embedding.linear_1.weight is missing, which SDXL has");
        int levels = c.channels().length, last = levels - 1;
        int[] depth = c.transformers().depth();
        json.addProperty("in_channels", c.inChannels());
        json.addProperty("out_channels", c.outChannels());
        json.addProperty("layers_per_block", c.layers());
        json.addProperty("cross_attention_dim", c.textWidth());
        json.addProperty("projection_class_embeddings_input_dim", c.time().addedWidth());
        json.addProperty("use_linear_projection", c.transformers().linear());
        json.add("block_out_channels", array(c.channels()));
        json.add("attention_head_dim", array(c.transformers().heads()));
        // A level without transformers has the depth of the middle if it is the last one; elsewhere the number is not used.
        JsonArray depths = new JsonArray(), down = new JsonArray();
        for (int i = 0; i < levels; i++) {
            depths.add(depth[i] > 0 ? depth[i] : i == last ? c.transformers().middle() : 1);
            down.add(depth[i] > 0 ? "CrossAttnDownBlock2D" : "DownBlock2D");
        }
        json.add("transformer_layers_per_block", depths);
        json.add("down_block_types", down);
        JsonArray up = new JsonArray();
        for (int i = last; i >= 0; i--) up.add(depth[i] > 0 ? "CrossAttnUpBlock2D" : "UpBlock2D");
        json.add("up_block_types", up);
    }

    private static void write(JsonObject json, VaeConfig c) {
        int levels = c.channels().length;
        json.addProperty("latent_channels", c.latentChannels());
        json.addProperty("layers_per_block", c.layers());
        json.add("block_out_channels", array(c.channels()));
        json.add("down_block_types", array(levels, "DownEncoderBlock2D"));
        json.add("up_block_types", array(levels, "UpDecoderBlock2D"));
        if (!c.midAttention()) json.addProperty("mid_block_add_attention", false);
    }

    private static void write(JsonObject json, ClipConfig c) {
        json.addProperty("hidden_size", c.width());
        json.addProperty("num_attention_heads", c.heads());
        json.addProperty("num_hidden_layers", c.layers());
        json.addProperty("intermediate_size", c.mlpWidth());
        json.addProperty("vocab_size", c.vocabulary());
        json.addProperty("max_position_embeddings", c.positions());
        if (c.projection() > 0) json.addProperty("projection_dim", c.projection());
    }

    static JsonArray array(int[] numbers) {
        JsonArray a = new JsonArray();
        Arrays.stream(numbers).forEach(a::add);
        return a;
    }

    private static JsonArray array(int size, String equal) {
        JsonArray a = new JsonArray();
        Stream.generate(() -> equal).limit(size).forEach(a::add);
        return a;
    }
}
