package dev.faithdiff.restore.ram;

import dev.faithdiff.image.Image;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.ram.Ram;
import dev.faithdiff.networks.ram.RamConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.Finite;
import dev.faithdiff.restore.caption.Tagger.Tag;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;

/** The part {@code tagger} of a model folder: RAM or DAPE with its list of tags. It computes in F32. */
public final class TaggerPart {
    private static final String PART = "tagger";

    private final Ram ram;
    private final TagList tags;
    private final Device device;

    /** @param weights opens a file of the folder, such as {@code tagger/model.safetensors} */
    public TaggerPart(Path folder, Device device, Function<String, Weights> weights) {
        this.device = device;
        RamConfig c = RamConfig.of(Config.read(folder.resolve(PART).resolve("config.json")));
        tags = TagList.read(folder.resolve(PART).resolve(TagList.FILE), c.labels());
        Weights w = weights.apply(PART + "/model.safetensors");
        ram = new Ram(w, c);
        w.done();
    }

    public int width() { return ram.config().embedding(); }

    /** What the photo shows, as vectors {@code [1, tokens, width]} in the current scope. */
    public Tensor embed(Image photo) {
        return Finite.require(() -> {
            try (Scope s = Scope.open()) {
                Tensor x = photo.toTensor().to(device);
                return s.keep(ram.embed(x.affine(0.5f, 0.5f)));
            }
        }, "the tagger");
    }

    /** The tags that an embedding shows, in the order of the list. */
    public List<Tag> tags(Tensor embedding) {
        try (Scope _ = Scope.open()) {
            return tags.of(ram.logits(embedding).toFloats());
        }
    }
}
