package dev.faithdiff.convert.names;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.faithdiff.convert.file.Views;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.tensor.io.Source;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The layout of AdcSR's two files. That of the networks holds each block of the U-Net twice, under its name and under a number, of which the
 * second is left out. That of the decoder also has a middle before its fine-tuning, and an input convolution that is not used.
 */
public final class AdcSrFiles {
    private static final String UNET = "body.1.", MIDDLE = "body.2.", ALIASES = "body.", DECODER = "decoder.", OWN_MIDDLE = "mid_block.",
            UNUSED = "conv_in.";
    private static final int HEAD = 48, GROUPS = 32;

    private AdcSrFiles() { }

    /** Whether these are the tensors of the networks' file. @param tensors as {@link KeyNames#unwrap} gives them */
    static boolean is(Map<String, Source> tensors) {
        return tensors.containsKey(UNET + "conv_in.weight") && tensors.containsKey(MIDDLE + "resnets.0.conv1.weight");
    }

    /** The U-Net, of the networks' file. */
    public static Map<String, Source> unet(Map<String, Source> networks) {
        Map<String, Source> all = KeyNames.below(UNET, KeyNames.unwrap(networks));
        all.keySet().removeIf(key -> key.startsWith(ALIASES));
        return all;
    }

    /** The decoder: its middle from the networks' file, the rest from its own. */
    public static Map<String, Source> decoder(Map<String, Source> networks, Map<String, Source> rest) {
        Map<String, Source> all = new LinkedHashMap<>();
        KeyNames.below(MIDDLE, KeyNames.unwrap(networks)).forEach((key, t) -> all.put(OWN_MIDDLE + key, Views.renamed(t, OWN_MIDDLE + key)));
        KeyNames.below(DECODER, KeyNames.unwrap(rest)).forEach((key, t) -> {
            if (!key.startsWith(OWN_MIDDLE) && !key.startsWith(UNUSED)) all.put(key, t);
        });
        return all;
    }

    /**
     * The sizes as {@code model.json} holds them. Heads of 48 channels and 32 groups in the decoder do not show and are as published.
     *
     * @param headsAreKnown whether the number of heads comes from elsewhere
     * @throws IllegalArgumentException if the tensors are not those of such networks
     */
    public static JsonObject sizes(Map<String, Source> unet, Map<String, Source> decoder, boolean headsAreKnown) {
        NamedShapes u = Views.shapes(unet), d = Views.shapes(decoder);
        int[] channels = u.sizes("down_blocks", "resnets.0.conv1.weight", 0), up = d.sizes("up_blocks", "resnets.0.conv1.weight", 0);
        if (!headsAreKnown) NamedShapes.requireMultiples(channels, HEAD, "the width of a head");
        int levels = 0;
        while (u.has("down_blocks." + levels + ".attentions.0.norm.weight")) levels++;
        JsonObject sizes = new JsonObject();
        sizes.add("unet_channels", array(channels));
        sizes.addProperty("unet_resnets", u.count("down_blocks.0.resnets", "conv1.weight"));
        sizes.addProperty("unet_transformer_levels", levels);
        sizes.add("unet_heads", array(Arrays.stream(channels).map(n -> n / HEAD).toArray()));
        int[] outermostFirst = new int[up.length];
        for (int i = 0; i < up.length; i++) outermostFirst[i] = up[up.length - 1 - i];
        sizes.add("decoder_channels", array(outermostFirst));
        sizes.addProperty("decoder_resnets", d.count("up_blocks.0.resnets", "conv1.weight"));
        sizes.addProperty("decoder_groups", GROUPS);
        return sizes;
    }

    private static JsonArray array(int[] numbers) {
        JsonArray a = new JsonArray();
        Arrays.stream(numbers).forEach(a::add);
        return a;
    }
}
