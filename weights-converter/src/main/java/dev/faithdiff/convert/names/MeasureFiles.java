package dev.faithdiff.convert.names;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import dev.faithdiff.convert.file.BatchNorm;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.TorchFile;
import dev.faithdiff.convert.file.Views;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.inception.Inception;
import dev.faithdiff.networks.score.ScorerKind;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.io.Source;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The published layouts of networks that measure images: how the tensors of their released files, of one measure together, are renamed, and which
 * of them no network takes.
 *
 * @param kind   as {@code model.json} and {@code convert --metric} name it
 * @param scorer null for the network of the Frechet distance, which gives features
 */
public record MeasureFiles(String kind, ScorerKind scorer) {
    /** The kind of the folder that holds the network of the Frechet distance. */
    public static final String FEATURES = "inception";

    /** "Good image", "bad image", "Sharp image", ... in CLIP's vocabulary, each from its start to its end. */
    private static final int[][] WORDS = {{49406, 886, 2867, 49407}, {49406, 2103, 2867, 49407}, {49406, 8157, 2867, 49407},
        {49406, 21977, 2867, 49407}, {49406, 8157, 20938, 49407}, {49406, 21977, 20938, 49407},
        {49406, 1400, 9977, 2867, 49407}, {49406, 1042, 9977, 2867, 49407},
        {49406, 9307, 268, 1139, 2867, 49407}, {49406, 33495, 2867, 49407}};
    /** "Good photo.." and "Bad photo..", between whose tokens the learned vectors are. */
    private static final int[][] LEARNED = {{49406, 886, 1125, 852, 49407}, {49406, 2103, 1125, 852, 49407}};
    private static final double EPS = 1e-5, INCEPTION_EPS = 1e-3;
    /** VGG's and AlexNet's convolutions in files of LPIPS or DISTS as a whole. */
    private static final Pattern SLICE = Pattern.compile("(?:net\\.slice|stage)\\d\\.(\\d+\\.(?:weight|bias))");
    /** PaQ-2-PiQ's last layers, whose norms no convolution is before. */
    private static final String HEAD = "head.";
    /** What a norm of a ResNet follows. */
    private static final Pattern NUMBERED = Pattern.compile("(.*)bn(\\d)"), SHORTCUT = Pattern.compile("(.*downsample\\.)1"),
            INNER = Pattern.compile("(.*)bn");
    /** Constants, and modules that the published code computes without use or not at all. */
    private static final Pattern UNUSED = Pattern.compile("classifier\\..*|scaling_layer\\..*|mean|std|stage\\d\\.\\d+\\.filter"
            + "|.*\\.num_batches_tracked|fc\\..*|AuxLogits\\..*"
            + "|input_resolution|context_length|vocab_size|.*\\.position_ids|.*\\.relative_position_index|.*\\.attn_mask"
            + "|swintransformer\\d\\.downsample\\..*|vit\\.(?:norm|head)\\..*|vit\\.blocks\\.\\d\\d\\..*");
    private static final Pattern TEXT = Pattern.compile("text_model\\..*|text_projection.*|logit_scale|prompt_learner\\..*");

    /** All kinds. */
    public static Stream<MeasureFiles> all() {
        return Stream.concat(Stream.of(ScorerKind.values()).map(k -> new MeasureFiles(k.toString(), k)), Stream.of(new MeasureFiles(FEATURES, null)));
    }

    /** The layout of a kind, or null. */
    public static MeasureFiles of(String kind) { return all().filter(m -> m.kind.equals(kind)).findFirst().orElse(null); }

    /** What {@code model.json} says besides the kind. */
    public JsonObject settings() {
        JsonObject settings = new JsonObject();
        if (scorer == ScorerKind.CLIPIQA) settings.add("prompts", new Gson().toJsonTree(WORDS));
        else if (readsText()) settings.add("prompts", new Gson().toJsonTree(LEARNED));
        return settings;
    }

    private boolean readsText() { return kind.startsWith("clipiqa"); }

    /**
     * The tensors of all files under the names that the network takes.
     *
     * @throws ConvertError if two files hold a tensor of one name, or a batch norm has no convolution
     */
    public Map<String, Source> tensors(List<Map<String, Source>> files) {
        Map<String, Source> all = new LinkedHashMap<>();
        for (Map<String, Source> file : files) {
            boolean bare = file.keySet().stream().anyMatch(key -> SLICE.matcher(key).matches());
            Map<String, Source> inner = bare ? file : KeyNames.unwrap(file);
            for (Source t : (OpenAiClip.is(inner) ? OpenAiClip.tensors(inner) : inner).values()) {
                String name = name(t.name());
                if (UNUSED.matcher(name).matches() || !readsText() && TEXT.matcher(name).matches()) continue;
                if (kind.equals("clipiqa") && name.startsWith("prompt_learner.")) continue;
                if (all.put(name, Views.renamed(t, name)) != null) throw new ConvertError("two of the files hold " + name);
            }
        }
        if (scorer == ScorerKind.CLIPIQA || scorer == ScorerKind.CLIPIQA_PLUS) all.remove("visual.attnpool.positional_embedding");
        return folded(all);
    }

    private static String name(String key) {
        Matcher slice = SLICE.matcher(key);
        if (slice.matches()) return "features." + slice.group(1);
        return key.equals(TorchFile.BARE) || key.equals("ctx") ? "prompt_learner.ctx" : key;
    }

    /** The convolutions take over the batch norms behind them. */
    private Map<String, Source> folded(Map<String, Source> tensors) {
        Map<String, Source> all = tensors;
        for (String key : Set.copyOf(tensors.keySet())) {
            if (!key.endsWith(".running_mean") || key.startsWith(HEAD)) continue;
            String norm = key.substring(0, key.length() - ".running_mean".length());
            all = BatchNorm.fold(all, convolution(norm), norm, scorer == null ? INCEPTION_EPS : EPS);
        }
        return all;
    }

    private static String convolution(String norm) {
        if (norm.equals("body.1")) return "body.0";
        Matcher numbered = NUMBERED.matcher(norm), shortcut = SHORTCUT.matcher(norm), inner = INNER.matcher(norm);
        if (numbered.matches()) return numbered.group(1) + "conv" + numbered.group(2);
        if (shortcut.matches()) return shortcut.group(1) + "0";
        if (inner.matches()) return inner.group(1) + "conv";
        throw new ConvertError("the batch norm " + norm + " follows no convolution that is known");
    }

    /** Builds the network. @throws ConvertError if the shapes are not those of such a network */
    public void build(Weights w, NamedShapes shapes, Config settings) {
        try {
            if (scorer == null) new Inception(w, shapes);
            else scorer.build(w, shapes, settings);
        } catch (IllegalArgumentException e) {
            throw new ConvertError("these are not the tensors of " + kind + ": " + e.getMessage());
        }
    }
}
