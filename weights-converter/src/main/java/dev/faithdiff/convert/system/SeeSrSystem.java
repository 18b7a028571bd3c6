package dev.faithdiff.convert.system;

import com.google.gson.JsonObject;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.ram.RamConfig;
import dev.faithdiff.networks.unet.ControlNet;
import dev.faithdiff.networks.unet.HintEmbedding;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.networks.unet.UNetConfig.Kind;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/**
 * SeeSR: its U-Net and ControlNet, DAPE and RAM, and the rest of Stable Diffusion. With SD-Turbo as base the U-Net is the base's, with SeeSR's
 * attention to the photo in it.
 */
final class SeeSrSystem implements ReleasedSystem {
    private static final String CONTROL = "control", RELEASED_CONTROL = "controlnet", ATTENDS = "use_image_cross_attention",
            ATTENTION = ".image_attentions.";
    /** In a base's name, this tells the weights of few steps; nothing in the files does. */
    private static final String TURBO = "turbo";

    @Override public String kind() { return "seesr"; }

    @Override public boolean is(Release release) { return folder(release) != null; }

    /** The folder with its U-Net and ControlNet; null if there is none. */
    private static Path folder(Release release) {
        List<Path> found = release.files().stream().filter(p -> p.endsWith(RELEASED_CONTROL + "/config.json"))
                .filter(p -> Config.read(p).flag(ATTENDS, false)).map(p -> p.getParent().getParent()).toList();
        if (found.size() > 1) throw new ConvertError(release.source(), "holds more than one SeeSR: " + found);
        return found.isEmpty() ? null : found.getFirst();
    }

    @Override public Converter converter(Release release, Precision precision) { return new Made(release, folder(release), precision); }

    @Override public Map<String, Map<String, Shape>> needed(Config model, Function<String, Config> part) {
        Config tagger = part.apply(TaggerFiles.PART);
        Map<String, Map<String, Shape>> parts = new LinkedHashMap<>();
        parts.put("unet", unet(part.apply("unet"), tagger));
        parts.put(CONTROL, control(part.apply(CONTROL), tagger));
        parts.put("vae", NeededTensors.vae(part.apply("vae")));
        parts.put(StableDiffusion.TEXT, NeededTensors.text(part.apply(StableDiffusion.TEXT)));
        parts.put(TaggerFiles.PART, TaggerFiles.needed(tagger));
        return parts;
    }

    @Override public Map<String, byte[]> publishedFiles() { return TaggerFiles.publishedList(); }

    private static UNetConfig sizes(Config network, Config tagger) {
        return UNetConfig.of(network).with(Kind.image(RamConfig.of(tagger).embedding()));
    }

    private static Map<String, Shape> unet(Config c, Config tagger) { return NeededTensors.of(c.toString(), w -> new UNet(w, sizes(c, tagger))); }

    private static Map<String, Shape> control(Config c, Config tagger) {
        return NeededTensors.of(c.toString(), w -> {
            UNetConfig sizes = sizes(c, tagger);
            new ControlNet(w, sizes);
            new HintEmbedding(w.at("controlnet_cond_embedding"), c.integers("conditioning_embedding_out_channels"), sizes.channels()[0]);
        });
    }

    private final class Made implements Converter {
        private final StableDiffusion base;
        private final SdxlFolder own;
        private final TaggerFiles tagger;
        private final Precision precision;
        private final ConversionReport report = new ConversionReport();
        private final ModelPlan plan;

        Made(Release release, Path folder, Precision precision) {
            this.precision = precision;
            plan = new ModelPlan(precision, report);
            own = new SdxlFolder(folder);
            tagger = new TaggerFiles(release.file(TaggerFiles.RAM), release.file(TaggerFiles.DAPE));
            try {
                base = StableDiffusion.beside(release, folder);
            } catch (Throwable e) {
                tagger.close();
                throw e;
            }
        }

        private boolean isTurbo() { return base.name().toLowerCase(Locale.ROOT).contains(TURBO); }

        @Override public ConversionReport plan() {
            plan.file("model.json", ModelJson.whole("SeeSR on " + base.name() + ", " + TaggerFiles.DAPE, kind(), numbers()));
            plan.file("scheduler/scheduler_config.json", base.scheduler("DDPMScheduler", report));
            Config settings = tagger.plan(plan, report, precision);
            Config unet = plan.config("unet", isTurbo() ? base.config("unet", report) : own.config("unet", report));
            plan.part("unet", tuned(), unet(unet, settings), isTurbo() ? base.name() + " with SeeSR's attention" : own.name("unet"));
            Config control = plan.config(CONTROL, own.config(RELEASED_CONTROL, report));
            plan.part(CONTROL, own.tensors(RELEASED_CONTROL), control(control, settings), own.name(RELEASED_CONTROL));
            plan.part("vae", base.tensors("vae"), NeededTensors.vae(plan.config("vae", base.config("vae", report))), base.name());
            Config text = plan.config(StableDiffusion.TEXT, base.config(StableDiffusion.TEXT, report));
            plan.part(StableDiffusion.TEXT, base.tensors(StableDiffusion.TEXT), NeededTensors.text(text), base.name());
            plan.files(base.tokenizer(report));
            report.requireComplete();
            return report;
        }

        /** The published settings of both variants. */
        private JsonObject numbers() {
            JsonObject numbers = Published.seesr.config("model").json();
            if (!isTurbo()) return numbers;
            numbers.addProperty("num_inference_steps", 2);
            numbers.addProperty("guidance_scale", 1.0);
            numbers.addProperty("tile_overlap", 32);
            return numbers;
        }

        private Map<String, Source> tuned() {
            Map<String, Source> own = this.own.tensors("unet");
            if (!isTurbo()) return own;
            Map<String, Source> all = new LinkedHashMap<>(base.tensors("unet"));
            own.forEach((key, t) -> {
                if (key.contains(ATTENTION)) all.put(key, t);
            });
            return all;
        }

        @Override public void write(Path folder, PrintStream progress) throws IOException { plan.write(folder, progress); }

        @Override public void close() {
            base.close();
            own.close();
            tagger.close();
        }
    }
}
