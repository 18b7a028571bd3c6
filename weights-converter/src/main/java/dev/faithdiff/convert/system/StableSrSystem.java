package dev.faithdiff.convert.system;

import com.google.gson.JsonObject;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.Views;
import dev.faithdiff.convert.names.Architecture;
import dev.faithdiff.convert.names.StableSrFiles;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.stablesr.FusingConfig;
import dev.faithdiff.networks.stablesr.FusingVae;
import dev.faithdiff.networks.stablesr.Spade;
import dev.faithdiff.networks.stablesr.StructureConfig;
import dev.faithdiff.networks.stablesr.StructureEncoder;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.networks.vae.VaeConfig;
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

/** StableSR: one file with Stable Diffusion 2.1 and the structure encoder, whose name tells the variant, and one with its autoencoder. */
final class StableSrSystem implements ReleasedSystem {
    private static final String STRUCTURE = "structure", SPADE = "spade", CFW = "cfw", GENERAL_CFW = "vqgan_cfw_00011.ckpt";

    /** A released file, with the autoencoder that goes with it, and what the published commands start from. */
    private enum Variant {
        PLAIN("stablesr_000117.ckpt", "epsilon", 512, 200, 0.5, "adain"),
        VELOCITY("stablesr_768v_000139.ckpt", "v_prediction", 768, 200, 0, "adain"),
        TURBO("stablesr_turbo.ckpt", "epsilon", 512, 4, 0.5, "wavelet"),
        FACE("face_stablesr_000050.ckpt", "v_prediction", 512, 200, 0, "adain");

        private final String file, autoencoder, prediction;
        private final JsonObject settings = new JsonObject();

        Variant(String file, String prediction, int size, int steps, double fusion, String colours) {
            this.file = file;
            autoencoder = (file.startsWith("face_") ? "face_" : "") + GENERAL_CFW;
            this.prediction = prediction;
            settings.addProperty("process_size", size);
            settings.addProperty("num_inference_steps", steps);
            settings.addProperty("fusion_weight", fusion);
            settings.addProperty("color_fix", colours);
        }
    }

    @Override public String kind() { return "stablesr"; }

    @Override public boolean is(Release release) { return variant(release) != null; }

    private static Variant variant(Release release) { return release.variant(Variant.values(), v -> v.file, "StableSR"); }

    @Override public Converter converter(Release release, Precision precision) { return new Made(release, variant(release), precision); }

    @Override public Map<String, Map<String, Shape>> needed(Config model, Function<String, Config> part) {
        Config unet = part.apply("unet"), structure = part.apply(STRUCTURE), vae = part.apply("vae");
        Map<String, Map<String, Shape>> parts = new LinkedHashMap<>();
        parts.put("unet", NeededTensors.unet(unet));
        parts.put(STRUCTURE, NeededTensors.of(structure.toString(), w -> new StructureEncoder(w, StructureConfig.of(structure))));
        parts.put(SPADE, NeededTensors.of(structure.toString(), w -> new Spade(w, UNetConfig.of(unet), StructureConfig.of(structure))));
        parts.put("vae", NeededTensors.vae(vae));
        parts.put(CFW, NeededTensors.of(model.toString(), w -> new FusingVae(w, VaeConfig.of(vae), FusingConfig.of(model))));
        parts.put(StableDiffusion.TEXT, NeededTensors.text(part.apply(StableDiffusion.TEXT)));
        return parts;
    }

    private final class Made implements Converter {
        private final Variant variant;
        private final Path path;
        private final StableDiffusion base;
        private final WeightFile own, autoencoder;
        private final ConversionReport report = new ConversionReport();
        private final ModelPlan plan;

        Made(Release release, Variant variant, Precision precision) {
            this.variant = variant;
            plan = new ModelPlan(precision, report);
            path = release.file(variant.file);
            Path found = release.find(variant.autoencoder), beside = found != null ? found : path.resolveSibling(variant.autoencoder);
            if (!Files.isRegularFile(beside)) {
                throw new ConvertError(release.source(), "holds no " + variant.autoencoder + ", which goes with " + variant.file);
            }
            base = StableDiffusion.open(new Release(release.source(), path, release.tokenizer(), release.config()));
            WeightFile first = null;
            try {
                first = WeightFile.open(path, Architecture.STABLESR);
                autoencoder = WeightFile.open(beside, Architecture.CFW);
            } catch (Throwable e) {
                base.close();
                if (first != null) first.close();
                throw e;
            }
            own = first;
        }

        @Override public ConversionReport plan() {
            Map<String, Map<String, Source>> parts = new LinkedHashMap<>();
            Map<String, Source> unet = base.tensors("unet");
            parts.put("unet", StableSrFiles.unet(unet, false));
            parts.put(STRUCTURE, StableSrFiles.structure(own.tensors()));
            parts.put(SPADE, StableSrFiles.unet(unet, true));
            parts.put("vae", base.tensors("vae"));
            parts.put(CFW, StableSrFiles.autoencoder(autoencoder.tensors()));
            parts.put(StableDiffusion.TEXT, base.tensors(StableDiffusion.TEXT));
            Map<String, Config> configs = new LinkedHashMap<>();
            for (String part : List.of("unet", "vae", StableDiffusion.TEXT)) configs.put(part, config(part));
            configs.put(STRUCTURE, structure(parts, configs.get("unet")));
            JsonObject model = model(parts.get(CFW));
            plan.file("model.json", ModelJson.whole(variant.file + ", " + variant.autoencoder, kind(), model));
            plan.file("scheduler/scheduler_config.json", scheduler());
            needed(Config.of(path, model.toString()), configs::get).forEach((part, shapes) ->
                    plan.part(part, parts.get(part), shapes, part.equals(CFW) ? variant.autoencoder : variant.file));
            plan.files(base.openClipTokenizer(report));
            report.requireComplete();
            return report;
        }

        private Config config(String part) { return plan.config(part, base.config(part, report)); }

        /** Read from the tensors, but for the number of groups, which is that of all norms. */
        private Config structure(Map<String, Map<String, Source>> parts, Config unet) {
            try {
                int groups = unet.positive("norm_num_groups");
                StructureConfig sizes = StructureConfig.of(Views.shapes(parts.get(STRUCTURE)), Views.shapes(parts.get(SPADE)), groups);
                plan.file(STRUCTURE + "/config.json", Published.text(sizes.json()));
                return Config.of(path, sizes.json().toString());
            } catch (IllegalArgumentException e) {
                throw new ConvertError(variant.file + " has no sizes that can be read from its tensors: " + e.getMessage());
            }
        }

        private JsonObject model(Map<String, Source> fusing) {
            JsonObject model = variant.settings.deepCopy();
            try {
                FusingConfig.of(Views.shapes(fusing)).addTo(model);
                return model;
            } catch (IllegalArgumentException e) {
                throw new ConvertError(variant.autoencoder + " has no sizes that can be read from its tensors: " + e.getMessage());
            }
        }

        private String scheduler() {
            JsonObject json = Config.of(path, base.scheduler(report)).json();
            json.addProperty("prediction_type", variant.prediction);
            return Published.text(json);
        }

        @Override public void write(Path folder, PrintStream progress) throws IOException { plan.write(folder, progress); }

        @Override public void close() {
            base.close();
            own.close();
            autoencoder.close();
        }
    }
}
