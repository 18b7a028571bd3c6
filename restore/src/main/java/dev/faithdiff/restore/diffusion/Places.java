package dev.faithdiff.restore.diffusion;

import dev.faithdiff.nn.Residency.Place;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which weights of a model of latent diffusion are on a device together. */
public final class Places {
    private static final Pattern BLOCK = Pattern.compile("((down_blocks\\.\\d+|mid_block|up_blocks\\.\\d+)\\.\\w+\\.\\d+)\\..*");

    /** Parts of RAM. */
    private static final Pattern TAGGER = Pattern.compile("(visual_encoder|image_proj|wordvec_proj|label_embed|tagging_head|fc)\\b.*");

    private Places() {}

    /** The network and block of a parameter, by its key in any of the files. */
    public static Place of(String key) {
        if (key.startsWith("text_")) return new Place("text encoders", null);
        if (key.startsWith("denoise_encoder.")) return new Place("LQ encoder", null);
        if (key.startsWith("encoder.") || key.startsWith("quant_conv.")) return new Place("encoder", null);
        if (key.startsWith("decoder.") || key.startsWith("post_quant_conv.")) return new Place("decoder", null);
        if (TAGGER.matcher(key).matches()) return new Place("tagger", null);
        Matcher block = BLOCK.matcher(key);
        return new Place("U-Net", block.matches() ? block.group(1) : null);
    }
}
