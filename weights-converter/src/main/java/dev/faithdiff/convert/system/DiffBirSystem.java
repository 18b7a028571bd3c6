package dev.faithdiff.convert.system;

import com.google.gson.JsonObject;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.names.Architecture;
import dev.faithdiff.convert.names.DiffBirFiles;
import dev.faithdiff.convert.names.KeyNames;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.rrdb.RrdbConfig;
import dev.faithdiff.networks.rrdb.RrdbNet;
import dev.faithdiff.networks.swinir.SwinIr;
import dev.faithdiff.networks.swinir.SwinIrConfig;
import dev.faithdiff.networks.unet.ControlNet;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/** DiffBIR: Stable Diffusion 2.1, an IRControlNet, whose file's name tells the version, and the network that cleans photos. */
final class DiffBirSystem implements ReleasedSystem {
    private static final String BASE = "v2-1_512-ema-pruned.ckpt", CONTROL = "control", CLEANER = "cleaner", KIND = "kind", SWINIR = "swinir";

    /** A released IRControlNet, with the files that go with it. */
    private enum Version {
        V1("v1", "v1_general.pth", BASE, "general_swinir_v1.ckpt"), V1_FACE("v1", "v1_face.pth", BASE, "face_swinir_v1.ckpt"),
        V2("v2", "v2.pth", BASE, "BSRNet.pth"),
        V21("v2.1", "DiffBIR_v2.1.pt", "sd2.1-base-zsnr-laionaes5.ckpt", "realesrgan_s4_swinir_100k.pth");

        private final String label, control, base, cleaner;

        Version(String label, String control, String base, String cleaner) {
            this.label = label;
            this.control = control;
            this.base = base;
            this.cleaner = cleaner;
        }

        /** Whether its U-Net predicts velocities, from noise alone on. */
        boolean velocity() { return this == V21; }
    }

    @Override public String kind() { return "diffbir"; }

    @Override public boolean is(Release release) { return version(release) != null; }

    private static Version version(Release release) { return release.variant(Version.values(), v -> v.control, "IRControlNet"); }

    @Override public Converter converter(Release release, Precision precision) { return new Made(release, version(release), precision); }

    @Override public Map<String, Map<String, Shape>> needed(Config model, Function<String, Config> part) {
        Map<String, Map<String, Shape>> parts = new LinkedHashMap<>();
        parts.put("unet", NeededTensors.unet(part.apply("unet")));
        parts.put(CONTROL, control(part.apply("unet")));
        parts.put("vae", NeededTensors.vae(part.apply("vae")));
        parts.put(StableDiffusion.TEXT, NeededTensors.text(part.apply(StableDiffusion.TEXT)));
        parts.put(CLEANER, cleaner(model.at(CLEANER)));
        return parts;
    }

    private static Map<String, Shape> control(Config unet) {
        return NeededTensors.of(unet.toString(), w -> {
            UNetConfig c = UNetConfig.of(unet);
            new ControlNet(w, c.withInputs(2 * c.inChannels()));
        });
    }

    private static Map<String, Shape> cleaner(Config c) {
        if (c.text(KIND).equals(SWINIR)) return NeededTensors.of(c.toString(), w -> new SwinIr(w, SwinIrConfig.of(c)));
        c.require(KIND, RrdbNet.KIND);
        return NeededTensors.of(c.toString(), w -> new RrdbNet(w, RrdbConfig.of(c)));
    }

    private final class Made implements Converter {
        private final Version version;
        private final Path path;
        private final StableDiffusion base;
        private final WeightFile control, cleaner;
        private final ConversionReport report = new ConversionReport();
        private final ModelPlan plan;

        Made(Release release, Version version, Precision precision) {
            this.version = version;
            plan = new ModelPlan(precision, report);
            path = release.file(version.control);
            Path beside = beside(release, version.cleaner);
            if (beside == null) throw new ConvertError(release.source(), "holds no " + version.cleaner + ", which goes with " + version.control);
            Path own = release.base() != null ? release.base() : beside(release, version.base);
            base = StableDiffusion.open(new Release(release.source(), own, release.tokenizer(), release.config()));
            WeightFile first = null;
            try {
                first = WeightFile.open(path, Architecture.IRCONTROLNET);
                cleaner = WeightFile.open(beside, isSwinIr() ? Architecture.SWINIR : Architecture.RRDBNET);
            } catch (Throwable e) {
                base.close();
                if (first != null) first.close();
                throw e;
            }
            control = first;
        }

        /** A file of the release, or one beside the IRControlNet; null if there is none. */
        private Path beside(Release release, String name) {
            Path found = release.find(name), sibling = path.resolveSibling(name);
            return found != null ? found : Files.isRegularFile(sibling) ? sibling : null;
        }

        @Override public ConversionReport plan() {
            Map<String, Source> cleaning = KeyNames.unwrap(cleaner.tensors());
            JsonObject sizes = cleaning(cleaning);
            plan.file("model.json", ModelJson.whole(path.getFileName() + " on " + base.name() + ", " + version.cleaner, kind(), sizes));
            Config model = Config.of(path, sizes.toString());
            plan.file("scheduler/scheduler_config.json", scheduler());
            Config unet = config("unet"), vae = config("vae"), text = config(StableDiffusion.TEXT);
            plan.part("unet", base.tensors("unet"), NeededTensors.unet(unet), base.name());
            plan.part(CONTROL, DiffBirFiles.control(control.tensors()), control(unet), path.getFileName().toString());
            plan.part("vae", base.tensors("vae"), NeededTensors.vae(vae), base.name());
            plan.part(StableDiffusion.TEXT, base.tensors(StableDiffusion.TEXT), NeededTensors.text(text), base.name());
            plan.part(CLEANER, isSwinIr() ? DiffBirFiles.swinIr(cleaning) : Architecture.RRDBNET.generator().modern(cleaning),
                    cleaner(model.at(CLEANER)), version.cleaner);
            plan.files(base.openClipTokenizer(report));
            report.requireComplete();
            return report;
        }

        private boolean isSwinIr() { return version != Version.V2; }

        private JsonObject cleaning(Map<String, Source> tensors) {
            JsonObject own = new JsonObject(), model = new JsonObject();
            own.addProperty(KIND, isSwinIr() ? SWINIR : RrdbNet.KIND);
            JsonObject sizes = isSwinIr() ? DiffBirFiles.sizes(DiffBirFiles.swinIr(tensors))
                    : Architecture.RRDBNET.generator().sizes(Architecture.RRDBNET.generator().modern(tensors));
            sizes.asMap().forEach(own::add);
            model.addProperty("release", version.label);
            model.add(CLEANER, own);
            return model;
        }

        private Config config(String part) { return plan.config(part, base.config(part, report)); }

        /** The base's, which may be one that predicts something else. */
        private String scheduler() {
            JsonObject json = Config.of(path, base.scheduler(report)).json();
            json.addProperty("prediction_type", version.velocity() ? "v_prediction" : "epsilon");
            json.addProperty("rescale_betas_zero_snr", version.velocity());
            return Published.text(json);
        }

        @Override public void write(Path folder, PrintStream progress) throws IOException { plan.write(folder, progress); }

        @Override public void close() {
            base.close();
            control.close();
            cleaner.close();
        }
    }
}
