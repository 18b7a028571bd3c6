package dev.faithdiff.networks.maniqa;

import dev.faithdiff.networks.Scorer;
import dev.faithdiff.networks.vit.VisionTransformer;
import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.ResizeOp;
import java.util.ArrayList;
import java.util.List;

/**
 * MANIQA (Yang et al., 2022): attention between channels and in windows on the inner states of a vision transformer, for 20 crops of the image.
 * Source: maniqa_arch.py (IQA-PyTorch), MANIQA.
 */
public final class Maniqa implements Scorer {
    private static final int CROP = 224, CROPS = 20, ACROSS = 5, FIRST_STATE = 6, STATES = 4;
    private static final float EPS = 1e-8f;

    private final VisionTransformer vit;
    private final List<ChannelAttention> attention1 = new ArrayList<>(), attention2 = new ArrayList<>();
    private final Conv2d conv1, conv2;
    private final SwinStage stage1, stage2;
    private final Linear score, lastScore, weight, lastWeight;

    /** @param heads of the vision transformer @param scale of what each layer of the Swin stages adds */
    public Maniqa(Weights w, NamedShapes s, int heads, float scale) {
        vit = new VisionTransformer(w.at("vit"), s, "vit.", heads, FIRST_STATE + STATES);
        int places = places() * places(), width = s.size("conv1.weight", 0), half = s.size("conv2.weight", 0);
        for (int i = 0; i < s.count("tablock1", "c_q.weight"); i++) attention1.add(new ChannelAttention(w.at("tablock1", i), places));
        conv1 = new Conv2d(w.at("conv1"), STATES * vit.width(), width, 1);
        stage1 = new SwinStage(w, s, "swintransformer1", scale);
        for (int i = 0; i < s.count("tablock2", "c_q.weight"); i++) attention2.add(new ChannelAttention(w.at("tablock2", i), places));
        conv2 = new Conv2d(w.at("conv2"), width, half, 1);
        stage2 = new SwinStage(w, s, "swintransformer2", scale);
        score = new Linear(w.at("fc_score.0"), half, half);
        lastScore = new Linear(w.at("fc_score.3"), half, 1);
        weight = new Linear(w.at("fc_weight.0"), half, half);
        lastWeight = new Linear(w.at("fc_weight.3"), half, 1);
    }

    private int places() { return CROP / vit.patch(); }

    @Override public int leastSide() { return 1; }

    @Override public Tensor forward(Tensor x, Tensor reference) {
        try (Scope s = Scope.open()) {
            Tensor h = x.affine(2, -1), sum = null, weights = null;
            int least = Math.min(h.size(1), h.size(2));
            if (least <= CROP) h = enlarged(h, (CROP + 1.0) / least);
            int down = (h.size(1) - CROP) / (ACROSS - 1), across = (h.size(2) - CROP) / (ACROSS - 1);
            for (int i = 0; i < CROPS; i++) {
                int top = i / ACROSS * down, left = i % ACROSS * across;
                Tensor both = judge(h.slice(1, top, top + CROP).slice(2, left, left + CROP));     // [1, 2]
                sum = sum == null ? both : s.replace(sum, sum.add(both));
            }
            weights = sum.slice(1, 1, 2).affine(1, EPS);
            return s.keep(sum.slice(1, 0, 1).div(weights).reshape(1));
        }
    }

    private static Tensor enlarged(Tensor x, double factor) {
        int height = (int) (x.size(1) * factor), width = (int) (x.size(2) * factor);
        return x.resize(new ResizeOp(ResizeOp.Kind.BILINEAR, false, height, width, factor));
    }

    /** The sums of weighted scores and of weights over the places of one crop {@code [1, 224, 224, 3]}: {@code [1, 2]}. */
    private Tensor judge(Tensor crop) {
        int side = places();
        try (Scope s = Scope.open()) {
            // 1. inner states
            List<Tensor> states = vit.states(crop, FIRST_STATE);
            Tensor h = states.getFirst().concat(2, states.subList(1, STATES).toArray(Tensor[]::new));   // [1, places, 4 width]
            // 2. channels attend to each other, then windows
            for (ChannelAttention a : attention1) h = s.replace(h, a.forward(h));
            h = s.replace(h, conv1.forward(h.reshape(1, side, side, -1)));                              // [1, side, side, width]
            h = s.replace(h, stage1.forward(h));
            // 3. again at half the width
            h = h.reshape(1, side * side, -1);
            for (ChannelAttention a : attention2) h = s.replace(h, a.forward(h));
            h = s.replace(h, conv2.forward(h.reshape(1, side, side, -1)));                              // [1, side, side, width / 2]
            h = s.replace(h, stage2.forward(h));
            // 4. a score and a weight for each place
            h = h.reshape(1, side * side, -1);
            Tensor scores = lastScore.forward(score.forward(h).relu()).relu(), weights = lastWeight.forward(weight.forward(h).relu()).sigmoid();
            return s.keep(scores.mul(weights).concat(2, weights).sum(1).reshape(1, 2));
        }
    }
}
