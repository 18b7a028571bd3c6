package dev.faithdiff.convert.system;

import dev.faithdiff.convert.names.AdapterNames;
import dev.faithdiff.convert.names.Architecture;
import dev.faithdiff.model.Config;
import dev.faithdiff.nn.Lora;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * PiSA-SR: two LoRAs on the U-Net of Stable Diffusion 2.1, for pixels and for what a photo shows. The folder has the U-Net with both and the one with
 * the first alone. The text is always empty, so its states take the place of the text encoder.
 */
final class PiSaSrSystem implements ReleasedSystem {
    private static final String FILE = "pisa_sr.pkl", PIXEL = "_pix", SEMANTIC = "_sem", PIXEL_UNET = "unet_pixel", TEXT = "text";

    @Override public String kind() { return "pisasr"; }

    @Override public boolean is(Release release) { return release.find(FILE) != null; }

    @Override public Converter converter(Release release, Precision precision) {
        return new OneStepConverter(kind(), release, release.file(FILE), Architecture.PISASR, precision, PiSaSrSystem::add);
    }

    private static void add(OneStepConverter to) {
        Map<String, Source> base = to.base.tensors("unet"), changes = to.of("state_dict_unet.");
        Map<String, Source> pixel = AdapterNames.factors(changes, Lora.Part.UNET, adapter -> adapter.endsWith(PIXEL));
        Map<String, Source> semantic = AdapterNames.factors(changes, Lora.Part.UNET, adapter -> adapter.endsWith(SEMANTIC));
        Config unet = to.config("unet");
        Map<String, Shape> needed = NeededTensors.unet(unet);
        String origin = to.base.name() + " with changes from " + to.name();
        to.requireFactors("unet", pixel);
        to.requireFactors("unet", semantic);
        Map<String, Source> both = Adapters.added(Lora.Part.UNET, base, to.name(), List.of(pixel, semantic), to.precision);
        to.part("unet", both, needed, origin + " for pixels and for content");
        to.part(PIXEL_UNET, Adapters.added(Lora.Part.UNET, base, to.name(), List.of(pixel), to.precision), needed, origin + " for pixels");
        to.part("vae", to.base.tensors("vae"), NeededTensors.vae(to.config("vae")), to.base.name());
        to.part(TEXT, to.base.emptyText(to.report), NeededTensors.constantText(unet), "the empty text of " + to.base.name());
    }

    @Override public Map<String, Map<String, Shape>> needed(Config model, Function<String, Config> part) {
        Map<String, Map<String, Shape>> parts = new LinkedHashMap<>();
        Config unet = part.apply("unet");
        parts.put("unet", NeededTensors.unet(unet));
        parts.put(PIXEL_UNET, NeededTensors.unet(unet));
        parts.put("vae", NeededTensors.vae(part.apply("vae")));
        parts.put(TEXT, NeededTensors.constantText(unet));
        return parts;
    }
}
