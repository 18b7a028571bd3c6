package dev.faithdiff.networks.clipiqa;

import dev.faithdiff.networks.clip.ClipAlignment;
import dev.faithdiff.networks.clip.ClipImageEncoder;
import dev.faithdiff.networks.clip.ClipTextEncoder;
import dev.faithdiff.networks.InputNorm;
import dev.faithdiff.networks.Scorer;
import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;

/**
 * CLIP-IQA (Wang et al., 2023): whether an image is nearer to a good or to a bad prompt. For each pair of prompts the share of the good one,
 * 0..1; the mean over pairs. Source: clipiqa_arch.py (IQA-PyTorch), CLIP-IQA.
 */
public final class ClipIqa implements Scorer {
    private final ClipImageEncoder image;
    private final ClipTextEncoder text;
    private final Prompts prompts;
    private final Tensor scale;
    private final DType dtype;

    public ClipIqa(Weights w, ClipImageEncoder image, ClipTextEncoder text, Prompts prompts) {
        this.image = image;
        this.text = text;
        this.prompts = prompts;
        dtype = w.dtype();
        scale = w.get("logit_scale", Init.ZERO);
    }

    @Override public int leastSide() { return image.leastSide(); }

    @Override public Tensor forward(Tensor x, Tensor reference) {
        try (Scope s = Scope.open()) {
            Tensor photo = ClipAlignment.unit(image.forward(InputNorm.CLIP.normalize(x)));           // [1, projection]
            Tensor words = ClipAlignment.unit(text.pooled(text.hiddenStatesOf(prompts.embedded(text)), prompts.ids()));
            Tensor logits = photo.matmul(words, false, true).mul(scale.to(dtype).exp().reshape(1)); // [1, prompts]
            Tensor shares = logits.reshape(-1, 2).softmax();                                        // good and bad of each pair
            return s.keep(shares.slice(1, 0, 1).mean(0).reshape(1));
        }
    }
}
