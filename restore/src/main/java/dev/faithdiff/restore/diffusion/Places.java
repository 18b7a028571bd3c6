package dev.faithdiff.restore.diffusion;

import dev.faithdiff.nn.Residency.Place;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which weights of a model of latent diffusion are on a device together. */
public final class Places {
    private static final Pattern BLOCK = Pattern.compile("((down_blocks\\.\\d+|mid_block|up_blocks\\.\\d+)\\.\\w+\\.\\d+)\\..*");

    /** Blocks of DreamClear's network: of the base, its branches, and what is between, which come one after the other. */
    private static final Pattern DIT_BLOCK =
            Pattern.compile("(?:base_model\\.blocks|controlnet_lq|controlnet_pre|cross_de|am_pre|am_lq)\\.(\\d+)\\..*");
    private static final Pattern DIT = Pattern.compile("(base_model|[cx]_embedder_(lq|pre))\\..*");
    private static final Pattern T5_BLOCK = Pattern.compile("encoder\\.block\\.(\\d+)\\..*");

    /** Parts of RAM. */
    private static final Pattern TAGGER = Pattern.compile("(visual_encoder|image_proj|wordvec_proj|label_embed|tagging_head|fc)\\b.*");

    private Places() {}

    /** The network and block of a parameter, by its key in any of the files. */
    public static Place of(String key) {
        if (key.startsWith("text_")) return new Place("text encoders", null);
        if (key.startsWith("denoise_encoder.")) return new Place("LQ encoder", null);
        Matcher t5 = T5_BLOCK.matcher(key), dit = DIT_BLOCK.matcher(key);
        if (t5.matches()) return new Place("T5", t5.group(1));
        if (key.startsWith("shared.") || key.startsWith("encoder.final_layer_norm.")) return new Place("T5", null);
        if (dit.matches()) return new Place("DiT", dit.group(1));
        if (DIT.matcher(key).matches()) return new Place("DiT", null);
        if (key.startsWith("encoder.") || key.startsWith("quant_conv.")) return new Place("encoder", null);
        if (key.startsWith("decoder.") || key.startsWith("post_quant_conv.")) return new Place("decoder", null);
        if (TAGGER.matcher(key).matches()) return new Place("tagger", null);
        Matcher block = BLOCK.matcher(key);
        return new Place("U-Net", block.matches() ? block.group(1) : null);
    }
}
