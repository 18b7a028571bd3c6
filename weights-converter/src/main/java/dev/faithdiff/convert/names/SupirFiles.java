package dev.faithdiff.convert.names;

import dev.faithdiff.convert.file.Views;
import dev.faithdiff.tensor.io.Source;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** The layout of SUPIR's own files: names of sgm, all of them below those of SUPIR's one module. */
public final class SupirFiles {
    private static final String CONTROL = "model.control_model.", UNET = "model.diffusion_model.", CONNECTORS = "project_modules.";
    private static final String IMAGES = "first_stage_model.", ENCODER = "denoise_encoder.", PLAIN = "encoder.";
    private static final String INSIDE = CONNECTORS + "0.mlp_shared.0.weight";

    private SupirFiles() { }

    /** Whether these are the tensors of SUPIR, with or without the SDXL that it changes. */
    static boolean is(Map<String, Source> tensors) {
        return tensors.keySet().containsAll(Set.of(CONTROL + "input_hint_block.0.weight", UNET + INSIDE));
    }

    /** The control under the names of diffusers, and the connectors. */
    public static Map<String, Source> control(Map<String, Source> tensors) {
        Map<String, Source> all = OriginalLayout.unet(KeyNames.below(CONTROL, tensors));
        KeyNames.below(UNET, tensors).forEach((key, t) -> { if (key.startsWith(CONNECTORS)) all.put(key, t); });
        return all;
    }

    /** Width inside a connector. @param control as {@link #control} gives it */
    public static int connectorWidth(Map<String, Source> control) { return control.get(INSIDE).shape().size(0); }

    /** The encoder for degraded photos under the names of diffusers. */
    public static Map<String, Source> encoder(Map<String, Source> tensors) {
        Map<String, Source> plain = new LinkedHashMap<>(), all = new LinkedHashMap<>();
        KeyNames.below(IMAGES + ENCODER, tensors).forEach((key, t) -> plain.put(PLAIN + key, Views.renamed(t, PLAIN + key)));
        OriginalLayout.vae(plain).forEach((key, t) -> {
            String name = ENCODER + key.substring(PLAIN.length());
            all.put(name, Views.renamed(t, name));
        });
        return all;
    }

    /** What a file has of SDXL itself, which then counts and not the base's: U-Net, {@code vae} and text encoders by part. */
    public static Map<String, Map<String, Source>> base(Map<String, Source> tensors) {
        Map<String, Source> others = new LinkedHashMap<>(tensors);
        others.keySet().removeIf(key -> key.startsWith(CONTROL) || key.startsWith(UNET + CONNECTORS) || key.startsWith(IMAGES + ENCODER));
        Map<String, Map<String, Source>> parts = OriginalLayout.parts(others);
        if (others.keySet().stream().noneMatch(key -> key.startsWith(IMAGES))) parts.remove("vae");
        return parts;
    }
}
