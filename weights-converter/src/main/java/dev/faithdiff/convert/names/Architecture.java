package dev.faithdiff.convert.names;

import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.NcnnGraph;
import dev.faithdiff.convert.file.NcnnGraph.Node.Kind;
import dev.faithdiff.tensor.io.Source;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** The kind of network that tensors belong to, which their names show. */
public enum Architecture {
    FAITHDIFF("FaithDiff: an SDXL U-Net with the added modules"), FAITHDIFF_ADDED("modules that FaithDiff adds, without a U-Net"),
    SDXL_FILE("SDXL in a single file (original layout)"), SD_FILE("Stable Diffusion 1 or 2 in a single file (original layout)"),
    UNET("an SDXL U-Net (diffusers)"), SD_UNET("a U-Net of Stable Diffusion 1 or 2 (diffusers)"), VAE("a VAE (diffusers)"),
    VAE_ORIGINAL("a VAE (original layout)"), CLIP("a CLIP text encoder (transformers)"), OPEN_CLIP("a text encoder (open_clip)"),
    ADCSR("AdcSR's U-Net and the middle of its decoder"), IRCONTROLNET("DiffBIR's IRControlNet"), SWINIR("a SwinIR"),
    STABLESR("StableSR: Stable Diffusion 2.1 with a structure encoder"), CFW("StableSR's autoencoder, whose decoder sees the photo"),
    OSEDIFF("OSEDiff's changes to Stable Diffusion 2.1"), PISASR("PiSA-SR's changes to Stable Diffusion 2.1"),
    SUPIR("SUPIR's control, connectors and encoder"), RAM("a RAM"), DAPE("DAPE's changes to a RAM"),
    RRDBNET("an RRDBNet (Real-ESRGAN or BSRGAN)", new RrdbNetFile()), SRVGG("an SRVGGNetCompact (Real-ESRGAN)", new SrvggNetFile()),
    UNKNOWN("of no known architecture");

    private final String words;
    private final GeneratorFile generator;

    Architecture(String words) { this(words, null); }

    Architecture(String words, GeneratorFile generator) {
        this.words = words;
        this.generator = generator;
    }

    @Override public String toString() { return words; }

    /** The network, where it is a model of its own, else null. */
    public GeneratorFile generator() { return generator; }

    /** @param tensors a state dict, with or without the keys that training scripts wrap around it */
    public static Architecture of(Map<String, Source> tensors) {
        Map<String, Source> inner = KeyNames.unwrap(tensors);
        Set<String> keys = inner.keySet();
        boolean added = keys.stream().anyMatch(KeyNames::added), unet = keys.contains("time_embedding.linear_1.weight");
        if (added) return unet ? FAITHDIFF : FAITHDIFF_ADDED;
        if (unet) return keys.contains("add_embedding.linear_1.weight") ? UNET : SD_UNET;
        if (StableSrFiles.is(inner)) return STABLESR;
        if (StableSrFiles.isFusing(inner)) return CFW;
        if (SupirFiles.is(inner)) return SUPIR;
        if (OriginalLayout.is(inner)) return OriginalLayout.isBeforeSdxl(inner) ? SD_FILE : SDXL_FILE;
        if (OriginalLayout.isVae(inner)) return VAE_ORIGINAL;
        if (AdcSrFiles.is(inner)) return ADCSR;
        if (DiffBirFiles.isControl(inner)) return IRCONTROLNET;
        if (DiffBirFiles.isSwinIr(inner)) return SWINIR;
        if (AdapterNames.has(tensors, "state_dict_vae.", "default_encoder")) return OSEDIFF;
        if (AdapterNames.has(tensors, "state_dict_unet.", "_pix")) return PISASR;
        if (RamFiles.is(inner)) return RAM;
        if (RamFiles.isDape(inner)) return DAPE;
        if (keys.contains("decoder.mid_block.resnets.0.conv1.weight")) return VAE;
        if (keys.stream().anyMatch(k -> k.endsWith("embeddings.token_embedding.weight"))) return CLIP;
        if (keys.contains("positional_embedding") && keys.contains("ln_final.weight")) return OPEN_CLIP;
        return generators().filter(a -> a.generator.is(inner)).findFirst().orElse(UNKNOWN);
    }

    /** The network of a kind, as {@code model.json} names it, or null. */
    public static GeneratorFile ofKind(String kind) {
        return generators().map(a -> a.generator).filter(g -> g.kind().equals(kind)).findFirst().orElse(null);
    }

    /** The weights of a graph of ncnn under the names that its network has in PyTorch. @throws ConvertError if it computes no such network */
    public static Map<String, Source> along(NcnnGraph graph) {
        Architecture kind = graph.count(Kind.PRELU) > 0 ? SRVGG : RRDBNET;
        try {
            return kind.generator.along(graph);
        } catch (ConvertError e) {
            throw new ConvertError("is not " + kind + ": it " + e.getMessage());
        }
    }

    private static Stream<Architecture> generators() { return Stream.of(values()).filter(a -> a.generator != null); }
}
