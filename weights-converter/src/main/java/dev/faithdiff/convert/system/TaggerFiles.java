package dev.faithdiff.convert.system;

import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.SmallFile;
import dev.faithdiff.convert.file.Views;
import dev.faithdiff.convert.names.Architecture;
import dev.faithdiff.convert.names.KeyNames;
import dev.faithdiff.convert.names.RamFiles;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.ram.Ram;
import dev.faithdiff.networks.ram.RamConfig;
import dev.faithdiff.nn.WeightSource;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/** The released files of a tagger, RAM or with {@code DAPE.pth} DAPE, and the part {@code tagger} that they make. */
final class TaggerFiles implements AutoCloseable {
    static final String PART = "tagger", RAM = "ram_swin_large_14m.pth", DAPE = "DAPE.pth";
    private static final String LIST = PART + "/tags.txt", RESOURCE = "/dev/faithdiff/convert/ram/tags.txt.gz";

    private final Path path;
    private final WeightFile ram, dape;

    /** @param ram its file @param dape its file; null: RAM as it is */
    TaggerFiles(Path ram, Path dape) {
        path = ram;
        this.ram = WeightFile.open(ram, Architecture.RAM);
        try {
            this.dape = dape == null ? null : WeightFile.open(dape, Architecture.DAPE);
        } catch (Throwable e) {
            this.ram.close();
            throw e;
        }
    }

    /** The tensors of the part. */
    static Map<String, Shape> needed(Config c) { return NeededTensors.of(c.toString(), w -> new Ram(w, RamConfig.of(c))); }

    /** The published list of tags, by its path in a model folder. */
    static Map<String, byte[]> publishedList() { return Map.of(LIST, published()); }

    /** Plans the part. @return its configuration */
    Config plan(ModelPlan plan, ConversionReport report, Precision precision) {
        Map<String, Source> inner = KeyNames.unwrap(ram.tensors()), tensors = RamFiles.tagger(inner);
        RamConfig c = sizes(inner, tensors);
        String config = Published.text(c.json()), name = path.getFileName().toString();
        plan.file(PART + "/config.json", config);
        plan.files(Map.of(LIST, list(c.labels())));
        Map<String, Source> all = dape == null ? tensors : changed(tensors, precision);
        long changes = all.entrySet().stream().filter(t -> t.getValue() != tensors.get(t.getKey())).count();
        String origin = dape == null ? name : name + " with " + changes + " changes from " + DAPE;
        if (dape != null && changes == 0) report.problem(PART + ": " + DAPE + " has no LoRA for it");
        Config settings = Config.of(path, config);
        plan.part(PART, all, needed(settings), origin);
        return settings;
    }

    private RamConfig sizes(Map<String, Source> inner, Map<String, Source> tensors) {
        Map<String, Source> all = new LinkedHashMap<>(inner);
        all.putAll(tensors);
        try {
            return RamConfig.of(Views.shapes(all));
        } catch (IllegalArgumentException e) {
            throw new ConvertError(path, "has no sizes that can be read from its tensors: " + e.getMessage());
        }
    }

    private Map<String, Source> changed(Map<String, Source> tensors, Precision precision) {
        WeightSource base = new SourceWeights(RAM, tensors), changes = new SourceWeights(DAPE, dape.tensors());
        Map<String, Source> all = new LinkedHashMap<>(tensors);
        tensors.forEach((key, t) -> {
            Source[] factors = RamFiles.change(dape.tensors(), key);
            if (factors == null) return;
            DType type = precision.apply(PART, t).dtype();
            all.put(key, Source.made(key, type, t.shape(), () -> {
                Tensor down = values(changes, factors[0]), up = values(changes, factors[1]);
                return values(base, t).add(change(down, up)).to(type);
            }));
        });
        return all;
    }

    private static Tensor values(WeightSource from, Source t) { return from.get(t.name(), null, t.shape()).to(DType.F32); }

    /**
     * The change {@code [out, in]}, with an alpha of 1 as published. Of a weight that makes query, key and value it changes query and value:
     * then there are twice as many rows of {@code down} as columns of {@code up}.
     *
     * @param down {@code [rank, in]} or {@code [2*rank, in]} @param up {@code [out, rank]} or {@code [2*width, rank]}
     */
    private static Tensor change(Tensor down, Tensor up) {
        int rank = up.size(1), in = down.size(1);
        if (down.size(0) == rank) return product(up, down).mul(1f / rank);
        int width = up.size(0) / 2;
        Tensor query = product(up.slice(0, 0, width), down.slice(0, 0, rank));
        Tensor value = product(up.slice(0, width, 2 * width), down.slice(0, rank, 2 * rank));
        return query.concat(0, Tensor.of(new float[width * in], width, in), value).mul(1f / rank);
    }

    private static Tensor product(Tensor up, Tensor down) { return up.linear(down.permute(1, 0), null); }

    /** The list beside the file, or the published one. */
    private byte[] list(int labels) {
        Path names = path.resolveSibling("ram_tag_list.txt"), scores = path.resolveSibling("ram_tag_list_threshold.txt");
        byte[] list = Files.exists(names) && Files.exists(scores) ? joined(names, scores) : published();
        long count = new String(list, StandardCharsets.UTF_8).lines().count();
        if (count == labels) return list;
        throw new ConvertError(path, "knows " + labels + " tags, but the list has " + count + "; put ram_tag_list.txt and "
                + "ram_tag_list_threshold.txt beside it");
    }

    private static byte[] joined(Path names, Path scores) {
        List<String> name = SmallFile.text(names).lines().toList(), score = SmallFile.text(scores).lines().toList();
        if (name.size() != score.size()) throw new ConvertError(scores, "has " + score.size() + " scores for " + name.size() + " tags");
        StringBuilder list = new StringBuilder();
        for (int i = 0; i < name.size(); i++) list.append(score.get(i)).append('\t').append(name.get(i)).append('\n');
        return list.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] published() {
        try (InputStream in = new GZIPInputStream(TaggerFiles.class.getResourceAsStream(RESOURCE))) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override public void close() {
        ram.close();
        if (dape != null) dape.close();
    }
}
