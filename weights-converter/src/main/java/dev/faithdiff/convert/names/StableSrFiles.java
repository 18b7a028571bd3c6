package dev.faithdiff.convert.names;

import dev.faithdiff.convert.file.Views;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The layouts of StableSR's files: a single file of Stable Diffusion with a structure encoder and with a modulation in each resnet of the U-Net, and
 * an autoencoder with fusions in its decoder.
 */
public final class StableSrFiles {
    private static final String STRUCTURE = "structcond_stage_model.", MODULATION = ".spade.", FUSION = "decoder.fusion_layer_";
    private static final Pattern OUT = Pattern.compile("(fea_tran\\.\\d{1,4}\\.)(.*)");

    private StableSrFiles() { }

    /** Whether these are the tensors of StableSR. @param tensors as {@link KeyNames#unwrap} gives them */
    static boolean is(Map<String, Source> tensors) { return tensors.containsKey(STRUCTURE + "input_blocks.0.0.weight"); }

    /** Whether these are the tensors of its autoencoder. @param tensors as {@link KeyNames#unwrap} gives them */
    static boolean isFusing(Map<String, Source> tensors) { return tensors.containsKey(FUSION + "1.encode_enc_1.norm1.weight"); }

    /** The structure encoder under the names of diffusers' U-Nets; convolutions of one row and column are matrices. */
    public static Map<String, Source> structure(Map<String, Source> tensors) {
        Map<String, Source> all = new LinkedHashMap<>();
        for (Source t : OriginalLayout.unet(KeyNames.below(STRUCTURE, KeyNames.unwrap(tensors))).values()) {
            Matcher out = OUT.matcher(t.name());
            String name = out.matches() ? out.group(1) + OriginalLayout.resnet(out.group(2)) : t.name();
            Shape s = t.shape();
            all.put(name, Views.renamed(t, name, s.rank() == 3 && s.size(2) == 1 ? Shape.of(s.size(0), s.size(1)) : s));
        }
        return all;
    }

    /** Of the tensors of a U-Net under the names of diffusers those of the modulation, or the others. */
    public static Map<String, Source> unet(Map<String, Source> tensors, boolean modulation) {
        Map<String, Source> all = new LinkedHashMap<>(tensors);
        all.keySet().removeIf(key -> key.contains(MODULATION) != modulation);
        return all;
    }

    /** The autoencoder under the names of diffusers. */
    public static Map<String, Source> autoencoder(Map<String, Source> tensors) {
        Map<String, Source> all = new LinkedHashMap<>();
        for (Source t : OriginalLayout.vae(KeyNames.unwrap(tensors)).values()) {
            String name = t.name().startsWith(FUSION) ? t.name().replaceFirst("\\.conv_out\\.", ".conv_shortcut.") : t.name();
            all.put(name, Views.renamed(t, name));
        }
        return all;
    }
}
