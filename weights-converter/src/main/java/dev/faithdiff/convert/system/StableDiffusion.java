package dev.faithdiff.convert.system;

import com.google.gson.JsonObject;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.SmallFile;
import dev.faithdiff.convert.file.Views;
import dev.faithdiff.convert.names.Architecture;
import dev.faithdiff.convert.names.KeyNames;
import dev.faithdiff.convert.names.OriginalLayout;
import dev.faithdiff.convert.system.Sdxl.ConfigFile;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.clip.ClipConfig;
import dev.faithdiff.networks.clip.ClipTextEncoder;
import dev.faithdiff.networks.clip.ClipTokenizer;
import dev.faithdiff.networks.clip.TextStates;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Stable Diffusion 1 or 2, of which other systems are made, as a diffusers folder or a single file: the configuration and the tensors of each
 * part, under the names of diffusers. A single file has neither configurations nor tokenizer: those of the release with its width of the text
 * count, or those of a folder that is named.
 */
public final class StableDiffusion implements AutoCloseable {
    static final String TEXT = "text_encoder";
    /** In a name, this tells the weights that predict a velocity; nothing in the file does. */
    private static final String VELOCITY = "768";

    private final Release release;
    private final Path base;
    private final SdxlFolder folder;
    private final WeightFile file;
    private final Map<String, Map<String, Source>> parts;

    private StableDiffusion(Release release, Path base) {
        this.release = release;
        this.base = base;
        boolean isFolder = Files.isDirectory(base);
        folder = isFolder ? new SdxlFolder(base) : null;
        file = isFolder ? null : WeightFile.open(base);
        try {
            parts = isFolder ? null : parts(base, file);
        } catch (Throwable e) {
            file.close();
            throw e;
        }
    }

    /** The base of a release. @throws ConvertError if none is found, or more than one */
    public static StableDiffusion open(Release release) {
        return new StableDiffusion(release, release.base() != null ? release.base() : find(release));
    }

    /**
     * The base of a system whose own U-Net lies in a folder: the one that is named, else the other folder with a U-Net.
     *
     * @throws ConvertError if there are several or none
     */
    static StableDiffusion beside(Release release, Path folder) {
        if (release.base() != null) return open(new Release(release.source(), release.base(), release.tokenizer(), release.config()));
        List<Path> others = release.files().stream().filter(p -> p.endsWith("unet/config.json")).map(p -> p.getParent().getParent())
                .filter(p -> !p.equals(folder)).toList();
        if (others.size() != 1) {
            throw new ConvertError(release.source(), (others.isEmpty() ? "holds no Stable Diffusion" : "holds more than one base: " + others)
                    + "; name one by --base");
        }
        return open(new Release(release.source(), others.getFirst(), release.tokenizer(), release.config()));
    }

    private static Path find(Release release) {
        List<Path> files = release.files();
        List<Path> found = files.stream().filter(p -> p.endsWith("unet/config.json")).map(p -> p.getParent().getParent()).toList();
        if (found.isEmpty()) found = files.stream().filter(p -> p.toString().endsWith(".ckpt") || p.toString().endsWith(".safetensors")).toList();
        if (found.size() == 1) return found.getFirst();
        String said = found.isEmpty() ? "holds no Stable Diffusion (a folder with unet/config.json, or a single file)"
                : "holds more than one base: " + found;
        throw new ConvertError(release.source(), said + "; name one by --base");
    }

    private static Map<String, Map<String, Source>> parts(Path base, WeightFile file) {
        Map<String, Source> tensors = KeyNames.unwrap(file.tensors());
        Architecture kind = Architecture.of(tensors);
        boolean whole = kind == Architecture.SD_FILE || kind == Architecture.STABLESR;
        if (!whole) throw new ConvertError(base, "is not " + Architecture.SD_FILE + " but " + kind);
        return OriginalLayout.parts(tensors);
    }

    /** The base's name, for reports. */
    String name() { return base.toAbsolutePath().normalize().getFileName().toString(); }

    /** The configuration of {@code unet}, {@code vae} or {@code text_encoder}; where there is none, a problem is noted and null returned. */
    public ConfigFile config(String part, ConversionReport report) {
        if (folder != null) return folder.config(part, report);
        if (release.config() != null) return SdxlFolder.config(part, release.config().resolve(part), report);
        return new ConfigFile(base, Published.text(Published.config(published(), part).json()));
    }

    /** The tensors of {@code unet}, {@code vae} or {@code text_encoder}. */
    public Map<String, Source> tensors(String part) { return folder != null ? folder.tensors(part) : parts.getOrDefault(part, Map.of()); }

    /** The content of the scheduler's configuration. */
    public String scheduler(ConversionReport report) {
        Path from = folder != null ? base : release.config();
        Path own = from == null ? null : from.resolve("scheduler/scheduler_config.json");
        if (own != null && Files.isRegularFile(own)) return SmallFile.text(own);
        if (folder != null) report.problem("file " + own + " is missing");
        JsonObject json = Published.config(published(), "scheduler").json();
        if (base.getFileName().toString().contains(VELOCITY)) json.addProperty("prediction_type", "v_prediction");
        return Published.text(json);
    }

    /** The same, which a published script reads as that of another class. */
    String scheduler(String className, ConversionReport report) {
        JsonObject json = Config.of(Path.of("scheduler_config.json"), scheduler(report)).json();
        json.addProperty("_class_name", className);
        return Published.text(json);
    }

    /** The tokenizer's files by their paths in a model folder; missing ones are noted. */
    public Map<String, byte[]> tokenizer(ConversionReport report) {
        Path own = folder != null ? base.resolve("tokenizer") : Stream.of(release.tokenizer(), below(release.tokenizer()), below(release.config()))
                .filter(p -> p != null && Files.isRegularFile(p.resolve("vocab.json"))).findFirst().orElse(null);
        if (own != null) return SdxlFolder.tokenizer(own, "tokenizer", report);
        report.problem("a single file has no tokenizer; name its folder by --tokenizer");
        return Map.of();
    }

    /** The same as open_clip reads it, which pads with the first token and takes no word for a mark. */
    Map<String, byte[]> openClipTokenizer(ConversionReport report) {
        Map<String, byte[]> files = new LinkedHashMap<>(tokenizer(report));
        OpenClipTokenizer.change(files, "tokenizer");
        return files;
    }

    private static Path below(Path folder) { return folder == null ? null : folder.resolve("tokenizer"); }

    /** The states of an empty prompt as the one text of a model, which are computed when they are written. */
    public Map<String, Source> emptyText(ConversionReport report) {
        ConfigFile config = config(TEXT, report);
        report.requireComplete();
        ClipConfig sizes = ClipConfig.of(config.config());
        Map<String, Source> tensors = new LinkedHashMap<>(tensors(TEXT));
        tensors.keySet().retainAll(NeededTensors.text(config.config()).keySet());
        Shape shape = Shape.of(ClipTokenizer.LENGTH, sizes.width());
        return Map.of(TextStates.STATES, Source.made(TextStates.STATES, DType.F32, shape, () -> {
            try (Weights w = Weights.of(new SourceWeights(base.toString(), tensors), Device.CPU, DType.F32, null)) {
                ClipTextEncoder encoder = new ClipTextEncoder(w, sizes);
                w.done();
                int padding = sizes.quickGelu() ? sizes.vocabulary() - 1 : 0; // the end in Stable Diffusion 1, "!" in 2
                int[][] ids = {ClipTokenizer.empty(sizes.vocabulary(), padding)};
                return TextStates.states(encoder, ids, Device.CPU).view(0, shape);
            }
        }));
    }

    /** The release whose text is as wide. */
    private String published() {
        if (folder != null) return Published.SD21;
        int width = Views.shapes(tensors(TEXT)).size("text_model.embeddings.token_embedding.weight", 1);
        return width == Published.config(Published.SD15, TEXT).integer("hidden_size") ? Published.SD15 : Published.SD21;
    }

    @Override public void close() {
        if (folder != null) folder.close();
        else file.close();
    }
}
