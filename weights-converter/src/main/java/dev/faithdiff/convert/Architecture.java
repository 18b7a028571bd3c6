package dev.faithdiff.convert;

import dev.faithdiff.tensor.io.Source;
import java.util.Map;
import java.util.Set;

/** What a set of tensors is, judged by its names. */
enum Architecture {
    FAITHDIFF("FaithDiff: an SDXL U-Net with the added modules"), FAITHDIFF_ADDED("modules that FaithDiff adds, without a U-Net"),
    SDXL_FILE("SDXL in a single file (original layout)"), UNET("an SDXL U-Net (diffusers)"), VAE("a VAE (diffusers)"),
    VAE_ORIGINAL("a VAE (original layout)"), CLIP("a CLIP text encoder (transformers)"), OPEN_CLIP("a text encoder (open_clip)"),
    RRDBNET("an RRDBNet (Real-ESRGAN or BSRGAN)"), SRVGG("an SRVGGNetCompact (Real-ESRGAN), which is not supported"),
    UNKNOWN("of no known architecture");

    private final String words;

    Architecture(String words) { this.words = words; }

    @Override public String toString() { return words; }

    /** @param tensors a state dict, unwrapped or not */
    static Architecture of(Map<String, Source> tensors) {
        Map<String, Source> inner = KeyNames.unwrap(tensors);
        Set<String> keys = inner.keySet();
        boolean added = keys.stream().anyMatch(KeyNames::added), unet = keys.contains("time_embedding.linear_1.weight");
        if (added) return unet ? FAITHDIFF : FAITHDIFF_ADDED;
        if (unet) return UNET;
        if (OriginalLayout.is(inner)) return SDXL_FILE;
        if (OriginalLayout.isVae(inner)) return VAE_ORIGINAL;
        if (keys.contains("decoder.mid_block.resnets.0.conv1.weight")) return VAE;
        if (keys.stream().anyMatch(k -> k.endsWith("embeddings.token_embedding.weight"))) return CLIP;
        if (keys.contains("positional_embedding") && keys.contains("ln_final.weight")) return OPEN_CLIP;
        if (RrdbNet.is(inner)) return RRDBNET;
        if (keys.contains("body.0.weight") && keys.contains("body.1.weight") && !keys.contains("conv_first.weight")) return SRVGG;
        return UNKNOWN;
    }
}
