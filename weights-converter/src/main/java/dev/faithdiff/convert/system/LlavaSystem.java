package dev.faithdiff.convert.system;

import com.google.gson.JsonObject;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.SmallFile;
import dev.faithdiff.convert.file.Views;
import dev.faithdiff.convert.names.LlavaFiles;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.clip.ClipVisionTower;
import dev.faithdiff.networks.llama.Llama;
import dev.faithdiff.networks.llama.LlamaConfig;
import dev.faithdiff.networks.llava.LlavaConfig;
import dev.faithdiff.networks.llava.LlavaVision;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/** LLaVA-1.5, which describes photos: CLIP's vision tower, which its own layout leaves to CLIP's file, and a LLaMA. */
final class LlavaSystem implements ReleasedSystem {
    static final String LANGUAGE = "language", VISION = "vision";
    private static final String TOKENIZER = "tokenizer.model";
    private static final int VISION_HEAD = 64;

    @Override public String kind() { return "llava"; }

    @Override public boolean is(Release release) { return folder(release) != null; }

    /** The folder of LLaVA's files; null if there is none. */
    private static Path folder(Release release) {
        List<Path> found = folders(release, "llava");
        if (found.size() > 1) throw new ConvertError(release.source(), "holds more than one LLaVA: " + found);
        return found.isEmpty() ? null : found.getFirst();
    }

    /** The folders whose configuration is of a type of model. */
    private static List<Path> folders(Release release, String type) {
        return release.files().stream().filter(p -> p.endsWith("config.json"))
                .filter(p -> Config.read(p).text("model_type", "").matches(type + "(_llama)?")).map(Path::getParent).toList();
    }

    @Override public Converter converter(Release release, Precision precision) { return new Made(release, folder(release), precision); }

    @Override public Map<String, Map<String, Shape>> needed(Config model, Function<String, Config> part) {
        Config vision = part.apply(VISION), language = part.apply(LANGUAGE);
        Map<String, Map<String, Shape>> parts = new LinkedHashMap<>();
        parts.put(VISION, NeededTensors.of(vision.toString(), w -> new LlavaVision(w, LlavaConfig.of(vision))));
        Map<String, Shape> plain = NeededTensors.of(language.toString(), w -> new Llama(w, LlamaConfig.of(language)));
        parts.put(LANGUAGE, GroupedTensors.shapes(plain, GroupedTensors.bits(language)));
        return parts;
    }

    /** A tokenizer of bytes. */
    @Override public Map<String, byte[]> publishedFiles() { return Map.of("tokenizer/" + TOKENIZER, ByteTokenizer.pieces(32000)); }

    private final class Made implements Converter {
        private final Release release;
        private final Path folder;
        private final Precision precision;
        private final ConversionReport report = new ConversionReport();
        private final ModelPlan plan;
        private final List<WeightFile> open = new ArrayList<>();
        private final Map<String, Source> own, clip;
        private final Config config, clipConfig;

        Made(Release release, Path folder, Precision precision) {
            this.release = release;
            this.folder = folder;
            this.precision = precision;
            plan = new ModelPlan(precision, report);
            config = Config.read(folder.resolve("config.json"));
            try {
                own = opened(folder);
                Path tower = LlavaFiles.hasTower(own) ? null : tower();
                clip = tower == null ? own : opened(tower);
                Path settings = tower == null ? null : (Files.isDirectory(tower) ? tower : tower.toAbsolutePath().getParent()).resolve("config.json");
                clipConfig = tower == null ? config : Files.exists(settings) ? Config.read(settings) : Config.of(tower, "{}");
            } catch (Throwable e) {
                close();
                throw e;
            }
        }

        private Map<String, Source> opened(Path path) {
            open.add(WeightFile.open(path));
            return open.getLast().tensors();
        }

        private Path tower() {
            if (release.base() != null) return release.base();
            List<Path> found = folders(release, "clip");
            if (found.size() == 1) return found.getFirst();
            throw new ConvertError(folder, "leaves its vision tower to CLIP's file; name the folder of clip-vit-large-patch14-336 by --base");
        }

        @Override public ConversionReport plan() {
            String name = folder.toAbsolutePath().normalize().getFileName().toString();
            plan.file("model.json", ModelJson.whole(name, kind(), new JsonObject()));
            int bits = precision.groupBits(LANGUAGE);
            Map<String, Source> language = LlavaFiles.language(own), vision = LlavaFiles.vision(own, clip);
            LlamaConfig sizes = sizes(() -> language(Views.shapes(language)));
            LlavaConfig seen = sizes(() -> vision(Views.shapes(vision), sizes.width()));
            Config languageConfig = GroupedTensors.said(Config.of(folder, sizes.json().toString()), bits);
            Config visionConfig = Config.of(folder, seen.json().toString());
            plan.file(LANGUAGE + "/config.json", Published.text(languageConfig.json()));
            plan.file(VISION + "/config.json", Published.text(visionConfig.json()));
            plan.files(Map.of("tokenizer/" + TOKENIZER, SmallFile.bytes(tokenizer())));
            Map<String, Map<String, Shape>> needed = needed(null, part -> part.equals(VISION) ? visionConfig : languageConfig);
            plan.part(VISION, vision, needed.get(VISION), name);
            plan.part(LANGUAGE, GroupedTensors.of(language, bits), needed.get(LANGUAGE), name);
            report.requireComplete();
            return report;
        }

        private Path tokenizer() { return release.tokenizer() == null ? release.file(TOKENIZER) : release.tokenizer().resolve(TOKENIZER); }

        private <T> T sizes(Supplier<T> read) {
            try {
                return read.get();
            } catch (IllegalArgumentException e) {
                throw new ConvertError(folder, "has no sizes that can be read from its tensors: " + e.getMessage());
            }
        }

        /** What shapes show; the configuration, of either layout, says the rest. */
        private LlamaConfig language(NamedShapes s) {
            Config c = config.has("text_config") ? config.at("text_config") : config;
            int width = s.size(Llama.TOKENS, 1), heads = c.integer("num_attention_heads", width / LlamaConfig.HEAD);
            String first = "model.layers.0.";
            int keyHeads = s.size(first + "self_attn.k_proj.weight", 0) / (width / Math.max(1, heads));
            return new LlamaConfig(width, s.count("model.layers", "self_attn.q_proj.weight"), heads, keyHeads,
                    s.size(first + "mlp.up_proj.weight", 0), s.size(Llama.TOKENS, 0), (float) c.number("rms_norm_eps", 1e-5),
                    (float) c.number("rope_theta", 10000));
        }

        private LlavaConfig vision(NamedShapes s, int width) {
            String patches = "vision_model.embeddings.patch_embedding.weight", layers = "vision_model.encoder.layers";
            Config c = clipConfig.has("vision_config") ? clipConfig.at("vision_config") : clipConfig;
            int own = s.size(patches, 0);
            return new LlavaConfig(new ClipVisionTower.Sizes(own, c.integer("num_attention_heads", own / VISION_HEAD),
                    s.count(layers, "mlp.fc1.weight"), s.size(layers + ".0.mlp.fc1.weight", 0), s.size(patches, 2),
                    s.size("vision_model.embeddings.position_embedding.weight", 0)), width);
        }

        @Override public void write(Path folder, PrintStream progress) throws IOException { plan.write(folder, progress); }

        @Override public void close() { open.forEach(WeightFile::close); }
    }
}
