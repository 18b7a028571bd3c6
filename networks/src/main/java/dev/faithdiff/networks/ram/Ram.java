package dev.faithdiff.networks.ram;

import dev.faithdiff.networks.InputNorm;
import dev.faithdiff.networks.swin.SwinTransformer;
import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.ResizeOp;
import java.util.ArrayList;
import java.util.List;

/**
 * RAM, the Recognize Anything Model (Zhang et al. 2023), as far as it tags: a Swin transformer embeds the image, and each label looks at the
 * embedding and says whether it is there. DAPE (SeeSR, Wu et al. 2024) is RAM with other weights, made for degraded photos.
 */
public final class Ram {
    private final RamConfig config;
    private final SwinTransformer encoder;
    private final Linear imageProj, wordProj, score;
    private final Tensor labels;
    private final List<TagLayer> head = new ArrayList<>();

    public Ram(Weights w, RamConfig c) {
        config = c;
        encoder = new SwinTransformer(w.at("visual_encoder"), c.swin(), c.imageSize());
        imageProj = new Linear(w.at("image_proj"), c.swin().width(c.swin().stages() - 1), c.embedding());
        labels = w.get("label_embed", Init.normal(0.02f), c.labels(), c.embedding());
        wordProj = c.hidden() == c.embedding() ? null : new Linear(w.at("wordvec_proj"), c.embedding(), c.hidden());
        for (int i = 0; i < c.layers(); i++) head.add(new TagLayer(w.at("tagging_head.encoder.layer", i), c));
        score = new Linear(w.at("fc"), c.hidden(), 1);
    }

    public RamConfig config() { return config; }

    /** The image as the encoder sees it: {@code [1, H, W, 3]} in 0..1 to a square, normalized. It is resized without antialias, as in training. */
    public Tensor input(Tensor image) {
        int side = config.imageSize();
        return InputNorm.IMAGENET.normalize(image.resize(new ResizeOp(ResizeOp.Kind.BILINEAR, false, side, side)));
    }

    /** The encoder's features of an input, the mean of all places first: {@code [1, 1 + places, width]}. */
    Tensor features(Tensor input) {
        try (Scope s = Scope.open()) {
            Tensor map = encoder.forward(input);                                               // [1, side/32, side/32, width]
            Tensor places = map.reshape(1, -1, map.size(3));
            return s.keep(places.mean(1).reshape(1, 1, -1).concat(1, places));
        }
    }

    /** What the image shows, as vectors: {@code [1, 1 + places, embedding]}. @param image {@code [1, H, W, 3]} in 0..1 */
    public Tensor embed(Tensor image) {
        try (Scope s = Scope.open()) {
            return s.keep(imageProj.forward(features(input(image))));
        }
    }

    /** The score of each label before the sigmoid, {@code [labels]}. @param embedding from {@link #embed} */
    public Tensor logits(Tensor embedding) {
        try (Scope s = Scope.open()) {
            Tensor words = labels.to(embedding.dtype()).reshape(1, config.labels(), -1);
            Tensor h = (wordProj == null ? words : wordProj.forward(words)).relu();              // [1, labels, hidden]
            for (TagLayer layer : head) h = s.replace(h, layer.forward(h, embedding));
            return s.keep(score.forward(h).reshape(config.labels()));
        }
    }
}
