package dev.faithdiff.convert.system;

import com.google.gson.JsonObject;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.pasd.PhotoEmbedding;
import dev.faithdiff.networks.pasd.PixelAttention;
import dev.faithdiff.networks.unet.ControlNet;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * PASD: its U-Net and ControlNet, and the rest of Stable Diffusion 1.5. What PASD adds to a U-Net goes to the ControlNet's part, so that the
 * U-Net is one of Stable Diffusion.
 */
final class PasdSystem implements ReleasedSystem {
    private static final String CONTROL = "control", RELEASED_CONTROL = "controlnet", ATTENTION = ".pixel_attentions.", LIGHT = ".attn2_plus.",
            DENSE = ".preprocesser.";
    /** Convolutions whose results only the training compares with the photo. */
    private static final String COLOURS = ".to_rgbs.";

    @Override public String kind() { return "pasd"; }

    @Override public boolean is(Release release) { return folder(release) != null; }

    /** The folder with its U-Net and ControlNet; null if there is none. */
    private static Path folder(Release release) {
        List<Path> found = release.files().stream().filter(p -> p.endsWith(RELEASED_CONTROL + "/config.json")).map(p -> p.getParent().getParent())
                .filter(PasdSystem::hasAttention).toList();
        if (found.size() > 1) throw new ConvertError(release.source(), "holds more than one PASD: " + found);
        return found.isEmpty() ? null : found.getFirst();
    }

    /** Whether a U-Net attends to a ControlNet's results, which only the names of its tensors show. */
    private static boolean hasAttention(Path folder) {
        Path unet = folder.resolve("unet");
        if (!Files.isDirectory(unet) || !WeightFile.isIn(unet)) return false;
        try (WeightFile file = WeightFile.open(unet)) {
            return has(file.tensors(), ATTENTION) || has(file.tensors(), LIGHT);
        }
    }

    private static boolean has(Map<String, Source> tensors, String module) { return tensors.keySet().stream().anyMatch(k -> k.contains(module)); }

    @Override public Converter converter(Release release, Precision precision) { return new Made(release, folder(release), precision); }

    @Override public Map<String, Map<String, Shape>> needed(Config model, Function<String, Config> part) {
        Map<String, Map<String, Shape>> parts = new LinkedHashMap<>();
        parts.put("unet", NeededTensors.unet(part.apply("unet")));
        parts.put(CONTROL, control(part.apply(CONTROL), part.apply("unet")));
        parts.put("vae", NeededTensors.vae(part.apply("vae")));
        parts.put(StableDiffusion.TEXT, NeededTensors.text(part.apply(StableDiffusion.TEXT)));
        return parts;
    }

    private static Map<String, Shape> control(Config c, Config unet) {
        return NeededTensors.of(c.toString(), w -> {
            new ControlNet(w, UNetConfig.of(c));
            PhotoEmbedding.of(w, c);
            new PixelAttention(w, UNetConfig.of(unet));
        });
    }

    private static final class Made implements Converter {
        private final Path folder;
        private final StableDiffusion base;
        private final SdxlFolder own;
        private final ConversionReport report = new ConversionReport();
        private final ModelPlan plan;

        Made(Release release, Path folder, Precision precision) {
            this.folder = folder;
            plan = new ModelPlan(precision, report);
            base = StableDiffusion.beside(release, folder);
            own = new SdxlFolder(folder);
        }

        @Override public ConversionReport plan() {
            plan.file("model.json", ModelJson.whole("PASD on " + base.name(), "pasd", new JsonObject()));
            plan.file("scheduler/scheduler_config.json", base.scheduler("UniPCMultistepScheduler", report));
            Map<String, Source> unet = own.tensors("unet"), attention = new LinkedHashMap<>(), control = own.tensors(RELEASED_CONTROL);
            if (has(unet, LIGHT)) {
                throw new ConvertError(folder, "is PASD light, whose attention is inside other layers; only pasd and pasd_rrdb are known");
            }
            unet.forEach((key, t) -> {
                if (key.contains(ATTENTION)) attention.put(key, t);
            });
            Map<String, Source> plain = new LinkedHashMap<>(unet), steering = new LinkedHashMap<>(control);
            plain.keySet().removeAll(attention.keySet());
            steering.keySet().removeIf(key -> key.contains(COLOURS));
            steering.putAll(attention);
            Config sizes = plan.config("unet", own.config("unet", report));
            plan.part("unet", plain, NeededTensors.unet(sizes), own.name("unet"));
            Config steers = control(own.config(RELEASED_CONTROL, report), has(control, DENSE));
            plan.part(CONTROL, steering, PasdSystem.control(steers, sizes), own.name(RELEASED_CONTROL));
            plan.part("vae", base.tensors("vae"), NeededTensors.vae(plan.config("vae", base.config("vae", report))), base.name());
            Config text = plan.config(StableDiffusion.TEXT, base.config(StableDiffusion.TEXT, report));
            plan.part(StableDiffusion.TEXT, base.tensors(StableDiffusion.TEXT), NeededTensors.text(text), base.name());
            plan.files(base.tokenizer(report));
            report.requireComplete();
            return report;
        }

        /** The ControlNet's, which says whether it has dense blocks. */
        private Config control(Sdxl.ConfigFile config, boolean dense) {
            report.requireComplete();
            JsonObject json = config.config().json();
            json.addProperty("use_rrdb", dense);
            return plan.config(CONTROL, new Sdxl.ConfigFile(config.file(), Published.text(json)));
        }

        @Override public void write(Path folder, PrintStream progress) throws IOException { plan.write(folder, progress); }

        @Override public void close() {
            base.close();
            own.close();
        }
    }
}
