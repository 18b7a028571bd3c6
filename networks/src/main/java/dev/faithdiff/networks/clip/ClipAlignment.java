package dev.faithdiff.networks.clip;

import dev.faithdiff.networks.InputNorm;
import dev.faithdiff.networks.Scorer;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;

/** The cosine between the embeddings of two images: 1 if they mean the same to CLIP. Both have the encoder's size. */
public final class ClipAlignment implements Scorer {
    private final ClipImageEncoder encoder;

    public ClipAlignment(ClipImageEncoder encoder) { this.encoder = encoder; }

    @Override public int side() { return encoder.side(); }

    @Override public int leastSide() { return encoder.leastSide(); }

    @Override public Tensor forward(Tensor x, Tensor reference) {
        try (Scope s = Scope.open()) {
            return s.keep(unit(embedding(x)).mul(unit(embedding(reference))).sum(1).reshape(1));
        }
    }

    private Tensor embedding(Tensor x) { return encoder.forward(InputNorm.CLIP.normalize(x)); }

    /** Rows {@code [B, C]} divided by their length. */
    public static Tensor unit(Tensor rows) { return rows.div(rows.mul(rows).sum(1).sqrt()); }
}
