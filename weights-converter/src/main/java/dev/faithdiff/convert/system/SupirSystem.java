package dev.faithdiff.convert.system;

import com.google.gson.JsonObject;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.names.Architecture;
import dev.faithdiff.convert.names.KeyNames;
import dev.faithdiff.convert.names.SupirFiles;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.supir.Connectors;
import dev.faithdiff.networks.supir.GlvControl;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.networks.vae.VaeConfig;
import dev.faithdiff.networks.vae.VaeEncoder;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;

/** SUPIR: SDXL, and a file with its control, connectors and encoder, which counts where both have a tensor. */
final class SupirSystem implements ReleasedSystem {
    private static final String CONTROL = "control", ENCODER = "lq_encoder", KIND = "supir", WIDTH = "connector_width";
    /** The released names of both versions, and those of copies in fewer bits and on mirrors. */
    private static final Pattern OWN = Pattern.compile("(SUPIR-)?v0[QF](_\\w+)?\\.(ckpt|safetensors)");
    /** In a base's name, this tells one of few steps; nothing in the file does. */
    private static final String FEW_STEPS = "lightning";

    @Override public String kind() { return KIND; }

    @Override public boolean is(Release release) { return release.files().stream().anyMatch(SupirSystem::isOwn); }

    private static boolean isOwn(Path file) { return OWN.matcher(file.getFileName().toString()).matches(); }

    @Override public Converter converter(Release release, Precision precision) {
        List<Path> own = release.files().stream().filter(SupirSystem::isOwn).toList();
        if (own.size() > 1) throw new ConvertError(release.source(), "holds more than one SUPIR: " + own + "; name one file as SOURCE");
        return new Made(release, own.getFirst(), precision);
    }

    @Override public Map<String, Map<String, Shape>> needed(Config model, Function<String, Config> part) {
        Map<String, Map<String, Shape>> parts = new LinkedHashMap<>();
        parts.put("unet", NeededTensors.unet(part.apply("unet")));
        parts.put(CONTROL, control(part.apply("unet"), model));
        parts.put("vae", NeededTensors.vae(part.apply("vae")));
        parts.put(ENCODER, encoder(part.apply("vae")));
        for (String text : Sdxl.TEXT) parts.put(text, NeededTensors.text(part.apply(text)));
        return parts;
    }

    private static Map<String, Shape> control(Config unet, Config model) {
        return NeededTensors.of(unet.toString(), w -> {
            new GlvControl(w, UNetConfig.of(unet));
            new Connectors(w, UNetConfig.of(unet), model.positive(WIDTH));
        });
    }

    private static Map<String, Shape> encoder(Config vae) {
        return NeededTensors.of(vae.toString(), w -> new VaeEncoder(w.at("denoise_encoder"), VaeConfig.of(vae)));
    }

    private static final class Made implements Converter {
        private final Path path;
        private final Path basePath;
        private final Sdxl base;
        private final WeightFile own;
        private final ConversionReport report = new ConversionReport();
        private final ModelPlan plan;

        Made(Release release, Path path, Precision precision) {
            this.path = path;
            plan = new ModelPlan(precision, report);
            basePath = release.base() != null ? release.base() : beside(release, path);
            own = WeightFile.open(path, Architecture.SUPIR);
            try {
                base = Sdxl.open(new SourceFolder(basePath, null, null, null, release.tokenizer(), release.config()));
            } catch (Throwable e) {
                own.close();
                throw e;
            }
        }

        /** The SDXL in the source's folder. */
        private static Path beside(Release release, Path path) {
            Path folder = Files.isDirectory(release.source()) ? release.source() : path.toAbsolutePath().getParent();
            return SourceFolder.findSdxl(folder, "--base", path);
        }

        @Override public ConversionReport plan() {
            Map<String, Source> tensors = KeyNames.unwrap(own.tensors()), control = SupirFiles.control(tensors);
            Map<String, Map<String, Source>> changed = SupirFiles.base(tensors);
            JsonObject numbers = numbers(control);
            String origin = path.getFileName().toString();
            plan.file("model.json", ModelJson.whole(origin + " on " + basePath.toAbsolutePath().normalize().getFileName(), KIND, numbers));
            Config model = Config.of(path, numbers.toString()), unet = config("unet"), vae = config("vae");
            Map<String, byte[]> files = new LinkedHashMap<>(base.files(report));
            OpenClipTokenizer.change(files, "tokenizer_2");
            plan.files(files);
            plan.part("unet", merged("unet", changed), NeededTensors.unet(unet), base.name("unet"));
            plan.part(CONTROL, control, control(unet, model), origin);
            plan.part("vae", merged("vae", changed), NeededTensors.vae(vae), base.name("vae"));
            plan.part(ENCODER, SupirFiles.encoder(tensors), encoder(vae), origin);
            for (String text : Sdxl.TEXT) plan.part(text, merged(text, changed), NeededTensors.text(config(text)), base.name(text));
            report.unused(base.name(""), base.others());
            report.requireComplete();
            return report;
        }

        /** What the networks' shapes do not tell, and what a base of few steps starts with, as published for it. */
        private JsonObject numbers(Map<String, Source> control) {
            JsonObject n = new JsonObject();
            n.addProperty(WIDTH, SupirFiles.connectorWidth(control));
            if (!basePath.getFileName().toString().toLowerCase(Locale.ROOT).contains(FEW_STEPS)) return n;
            double guidance = path.getFileName().toString().contains("v0Q") ? 2 : 1.5;
            n.addProperty("sampler", "dpm++2m");
            n.addProperty("num_inference_steps", 8);
            n.addProperty("guidance_scale", guidance);
            n.addProperty("guidance_start", guidance);
            return n;
        }

        /** The base's tensors of a part, SUPIR's in their place. */
        private Map<String, Source> merged(String part, Map<String, Map<String, Source>> changed) {
            Map<String, Source> all = new LinkedHashMap<>(base.tensors(part));
            Map<String, Source> own = changed.getOrDefault(part, Map.of());
            if (!own.isEmpty()) report.note(part + ": " + own.size() + " tensors from " + path.getFileName());
            all.putAll(own);
            return all;
        }

        private Config config(String part) { return plan.config(part, base.config(part, report)); }

        @Override public void write(Path folder, PrintStream progress) throws IOException { plan.write(folder, progress); }

        @Override public void close() {
            base.close();
            own.close();
        }
    }
}
