package dev.faithdiff.convert.system;

import dev.faithdiff.model.Config;
import dev.faithdiff.tensor.Shape;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** A published system of its own: which released files make its model folder, and which tensors its networks need. */
public interface ReleasedSystem {
    /** All of them. */
    List<ReleasedSystem> ALL = List.of(new AdcSrSystem(), new OseDiffSystem(), new PiSaSrSystem(), new DiffBirSystem(),
            new SeeSrSystem(), new RamSystem(), new PasdSystem(), new StableSrSystem(), new SupirSystem(), new LlavaSystem(), new DreamClearSystem());

    /** The kind that {@code model.json} gives for it. */
    String kind();

    /** Whether the released files are its own, which their names show. */
    boolean is(Release release);

    /** What makes its model folder. */
    Converter converter(Release release, Precision precision);

    /**
     * The tensors of each part of its model folder.
     *
     * @param model {@code model.json}
     * @param part  the configuration of a part
     */
    Map<String, Map<String, Shape>> needed(Config model, Function<String, Config> part);

    /** Files of a model folder of random weights beside settings and CLIP's tokenizer, by path: as published where they are small. */
    default Map<String, byte[]> publishedFiles() { return Map.of(); }

    /** The system that released files belong to; null: none of these. */
    static ReleasedSystem of(Release release) { return ALL.stream().filter(s -> s.is(release)).findFirst().orElse(null); }

    /** The system of a kind; null: none of these. */
    static ReleasedSystem ofKind(String kind) { return ALL.stream().filter(s -> s.kind().equals(kind)).findFirst().orElse(null); }
}
