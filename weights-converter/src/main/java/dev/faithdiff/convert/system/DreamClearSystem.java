package dev.faithdiff.convert.system;

import com.google.gson.JsonObject;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.SmallFile;
import dev.faithdiff.convert.names.DreamClearFiles;
import dev.faithdiff.convert.names.DiffBirFiles;
import dev.faithdiff.convert.names.KeyNames;
import dev.faithdiff.convert.names.OriginalLayout;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.dreamclear.DreamClearConfig;
import dev.faithdiff.networks.dreamclear.DreamClearNet;
import dev.faithdiff.networks.swinir.SwinIr;
import dev.faithdiff.networks.swinir.SwinIrConfig;
import dev.faithdiff.networks.t5.T5Config;
import dev.faithdiff.networks.t5.T5Encoder;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * DreamClear: its network, T5's encoder, an autoencoder of Stable Diffusion 1, and DiffBIR's SwinIR, which may lie in any of the folders that are
 * named.
 */
final class DreamClearSystem implements ReleasedSystem {
    static final String T5 = "t5";
    private static final String NET = "dit", CLEANER = "cleaner", VAE = "vae", TOKENIZER = "spiece.model", OWN = "DreamClear-\\w+\\.pth",
            SWINIR = "\\w*swinir\\w*\\.(ckpt|pth)";

    @Override public String kind() { return "dreamclear"; }

    @Override public boolean is(Release release) { return release.files().stream().anyMatch(p -> p.getFileName().toString().matches(OWN)); }

    @Override public Converter converter(Release release, Precision precision) { return new Made(release, precision); }

    @Override public Map<String, Map<String, Shape>> needed(Config model, Function<String, Config> part) {
        Config net = part.apply(NET), t5 = part.apply(T5), cleaner = model.at(CLEANER);
        Map<String, Map<String, Shape>> parts = new LinkedHashMap<>();
        parts.put(NET, NeededTensors.of(net.toString(), w -> new DreamClearNet(w, DreamClearConfig.of(net))));
        parts.put(VAE, NeededTensors.vae(part.apply(VAE)));
        parts.put(CLEANER, NeededTensors.of(cleaner.toString(), w -> new SwinIr(w, SwinIrConfig.of(cleaner))));
        Map<String, Shape> plain = NeededTensors.of(t5.toString(), w -> new T5Encoder(w, T5Config.of(t5)));
        parts.put(T5, GroupedTensors.shapes(plain, GroupedTensors.bits(t5)));
        return parts;
    }

    /** A tokenizer of single characters. */
    @Override public Map<String, byte[]> publishedFiles() { return Map.of("tokenizer/" + TOKENIZER, ByteTokenizer.characters()); }

    private final class Made implements Converter {
        private final Release release;
        private final Precision precision;
        private final ConversionReport report = new ConversionReport();
        private final ModelPlan plan;
        private final List<WeightFile> open = new ArrayList<>();

        Made(Release release, Precision precision) {
            this.release = release;
            this.precision = precision;
            plan = new ModelPlan(precision, report);
        }

        @Override public ConversionReport plan() {
            Path own = file("DreamClear-1024.pth", OWN), swinIr = file("general_swinir_v1.ckpt", SWINIR);
            Path t5 = folder("T5", c -> isOf(c, "model_type", "t5")), vae = folder("autoencoder", c -> isOf(c, "_class_name", "AutoencoderKL"));
            Map<String, Source> net = tensors(own), cleaner = DiffBirFiles.swinIr(KeyNames.unwrap(tensors(swinIr)));
            JsonObject model = new JsonObject();
            model.add(CLEANER, DiffBirFiles.sizes(cleaner));
            plan.file("model.json", ModelJson.whole(own.getFileName() + ", " + swinIr.getFileName(), kind(), model));
            Map<String, Config> settings = Map.of(NET, Config.of(own, sizes(own, net).json().toString()),
                    VAE, Config.read(vae.resolve("config.json")),
                    T5, GroupedTensors.said(Config.read(t5.resolve("config.json")), precision.groupBits(T5)));
            settings.forEach((part, c) -> plan.file(part + "/config.json", Published.text(c.json())));
            plan.files(Map.of("tokenizer/" + TOKENIZER, SmallFile.bytes(file(TOKENIZER, "spiece\\.model"))));
            Map<String, Map<String, Shape>> needed = needed(Config.of(own, model.toString()), settings::get);
            plan.part(NET, DreamClearFiles.net(net), needed.get(NET), own.getFileName().toString());
            plan.part(VAE, OriginalLayout.vae(tensors(vae)), needed.get(VAE), vae.getFileName().toString());
            plan.part(CLEANER, cleaner, needed.get(CLEANER), swinIr.getFileName().toString());
            plan.part(T5, GroupedTensors.of(DreamClearFiles.t5(tensors(t5)), precision.groupBits(T5)), needed.get(T5), t5.getFileName().toString());
            report.requireComplete();
            return report;
        }

        private static DreamClearConfig sizes(Path file, Map<String, Source> net) {
            try {
                return DreamClearFiles.sizes(net);
            } catch (IllegalArgumentException e) {
                throw new ConvertError(file, "has no sizes that can be read from its tensors: " + e.getMessage());
            }
        }

        private static boolean isOf(Path config, String key, String value) { return Config.read(config).text(key, "").equals(value); }

        private Map<String, Source> tensors(Path path) {
            open.add(WeightFile.open(path));
            return open.getLast().tensors();
        }

        private Path file(String name, String pattern) {
            return only(name, files().filter(p -> p.getFileName().toString().matches(pattern)).toList());
        }

        private Path folder(String what, Predicate<Path> config) {
            return only(what, files().filter(p -> p.endsWith("config.json")).filter(config).map(Path::getParent).toList());
        }

        private Stream<Path> files() {
            return Stream.of(release.source(), release.base(), release.tokenizer(), release.config()).filter(p -> p != null)
                    .flatMap(p -> new Release(p, null, null, null).files().stream()).map(p -> p.toAbsolutePath().normalize()).distinct();
        }

        private Path only(String what, List<Path> found) {
            if (found.size() == 1) return found.getFirst();
            throw new ConvertError(release.source(), (found.isEmpty() ? "holds no " + what : "holds more than one " + what + ": " + found)
                    + "; the files of DreamClear may also lie in the folders of --base, --tokenizer and --config");
        }

        @Override public void write(Path folder, PrintStream progress) throws IOException { plan.write(folder, progress); }

        @Override public void close() { open.forEach(WeightFile::close); }
    }
}
