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

/** OSEDiff: LoRAs on the U-Net and on the autoencoder's encoder of Stable Diffusion 2.1, and a new first convolution of the U-Net. */
final class OseDiffSystem implements ReleasedSystem {
    private static final List<String> FILES = List.of("osediff.pkl", "osediff_face.pkl");

    @Override public String kind() { return "osediff"; }

    @Override public boolean is(Release release) { return FILES.stream().anyMatch(f -> release.find(f) != null); }

    /** Where both files are, the one for faces must be named. */
    @Override public Converter converter(Release release, Precision precision) {
        String file = FILES.stream().filter(f -> release.find(f) != null).findFirst().orElseThrow();
        return new OneStepConverter(kind(), release, release.file(file), Architecture.OSEDIFF, precision, OseDiffSystem::add);
    }

    private static void add(OneStepConverter to) {
        Map<String, Source> unet = new LinkedHashMap<>(to.base.tensors("unet")), changes = to.of("state_dict_unet.");
        unet.putAll(AdapterNames.trained(changes));
        add(to, Lora.Part.UNET, unet, changes, NeededTensors.unet(to.config("unet")));
        add(to, Lora.Part.VAE, to.base.tensors("vae"), to.of("state_dict_vae."), NeededTensors.vae(to.config("vae")));
        to.text();
    }

    private static void add(OneStepConverter to, Lora.Part part, Map<String, Source> base, Map<String, Source> changes, Map<String, Shape> needed) {
        Map<String, Source> factors = AdapterNames.factors(changes, part, adapter -> true);
        to.requireFactors(part.folder(), factors);
        Map<String, Source> all = Adapters.added(part, base, to.name(), List.of(factors), to.precision);
        to.part(part.folder(), all, needed, to.base.name() + " with " + factors.size() / 2 + " changes from " + to.name());
    }

    @Override public Map<String, Map<String, Shape>> needed(Config model, Function<String, Config> part) {
        Map<String, Map<String, Shape>> parts = new LinkedHashMap<>();
        parts.put("unet", NeededTensors.unet(part.apply("unet")));
        parts.put("vae", NeededTensors.vae(part.apply("vae")));
        parts.put(StableDiffusion.TEXT, NeededTensors.text(part.apply(StableDiffusion.TEXT)));
        return parts;
    }
}
