package dev.faithdiff.networks.clip;

import dev.faithdiff.nn.Conv2d;
import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.PoolOp;
import java.util.ArrayList;
import java.util.List;

/**
 * CLIP's ResNet: three convolutions in front, means instead of strides, and at the end attention of the mean on all pixels (openai/CLIP model.py,
 * ModifiedResNet). Convolutions hold the batch norms behind them.
 */
public final class ClipResNet implements ClipImageEncoder {
    private static final int HEAD = 64, STAGES = 4, SHRINK = 32;
    /** With one pixel less the last stage has no pixel. */
    private static final int LEAST = 31;
    private static final Conv2dOp HALF = new Conv2dOp(2, 1, 1, 1, 1);
    private static final PoolOp MEAN = new PoolOp(PoolOp.Kind.MEAN, 2, 2, 0);

    private final DType dtype;
    private final Positions kind;
    private final int trained;
    private final Conv2d conv1, conv2, conv3;
    private final List<Bottleneck> blocks = new ArrayList<>();
    private final Tensor positions;
    private final Linear q, k, v, out;
    private final int heads;

    public ClipResNet(Weights weights, NamedShapes s, Positions kind) {
        this.kind = kind;
        dtype = weights.dtype();
        Weights w = weights.at("visual");
        int half = s.size("visual.conv1.weight", 0), channels = s.size("visual.conv3.weight", 0);
        conv1 = new Conv2d(w.at("conv1"), 3, half, 3, HALF);
        conv2 = new Conv2d(w.at("conv2"), half, half, 3);
        conv3 = new Conv2d(w.at("conv3"), half, channels, 3);
        for (int i = 1; i <= STAGES; i++) {
            String stage = "visual.layer" + i;
            for (int j = 0; j < s.count(stage, "conv1.weight"); j++) {
                blocks.add(new Bottleneck(w.at("layer" + i, j), s, stage + "." + j, channels, i > 1 && j == 0));
                channels = s.size(stage + "." + j + ".conv3.weight", 0);
            }
        }
        Weights pool = w.at("attnpool");
        trained = kind == Positions.NONE ? 0 : s.size("visual.attnpool.positional_embedding", 0);
        positions = kind == Positions.NONE ? null : pool.get("positional_embedding", Init.normal(0.02f), trained, channels);
        q = new Linear(pool.at("q_proj"), channels, channels);
        k = new Linear(pool.at("k_proj"), channels, channels);
        v = new Linear(pool.at("v_proj"), channels, channels);
        out = new Linear(pool.at("c_proj"), channels, s.size("visual.attnpool.c_proj.weight", 0));
        heads = channels / HEAD;
    }

    @Override public int side() { return SHRINK * (int) Math.round(Math.sqrt(trained - 1)); }

    @Override public int leastSide() { return kind == Positions.FIXED ? side() : LEAST; }

    @Override public Tensor forward(Tensor x) {
        try (Scope s = Scope.open()) {
            // 1. three convolutions
            Tensor h = conv1.forward(x);                                              // [B, H/2, W/2, width/2]
            h = s.replace(h, h.relu());
            h = s.replace(h, conv2.forward(h));
            h = s.replace(h, h.relu());
            h = s.replace(h, conv3.forward(h));
            h = s.replace(h, h.relu());
            h = s.replace(h, h.pool(MEAN));                                           // [B, H/4, W/4, width]
            // 2. four stages
            for (Bottleneck b : blocks) h = s.replace(h, b.forward(h));               // [B, H/32, W/32, 32 width]
            // 3. attention of the mean
            int batch = h.size(0), pixels = h.size(1) * h.size(2), channels = h.size(3);
            h = h.reshape(batch, pixels, channels);
            h = h.mean(1).concat(1, h);
            if (kind != Positions.NONE) h = h.add(ClipImageEncoder.positions(positions.to(dtype), pixels + 1));
            Tensor query = q.forward(h.slice(1, 0, 1));                               // [B, 1, channels]
            h = query.attention(k.forward(h), v.forward(h), heads, false);
            return s.keep(out.forward(h).reshape(batch, -1));                         // [B, projection]
        }
    }

    /** 1x1, 3x3 and 1x1 convolutions with a shortcut; a stage's first block shrinks by means of 2x2 pixels. */
    private static final class Bottleneck {
        private final Conv2d conv1, conv2, conv3, shortcut;
        private final boolean shrinks;

        Bottleneck(Weights w, NamedShapes s, String name, int in, boolean shrinks) {
            this.shrinks = shrinks;
            int middle = s.size(name + ".conv1.weight", 0), out = s.size(name + ".conv3.weight", 0);
            conv1 = new Conv2d(w.at("conv1"), in, middle, 1);
            conv2 = new Conv2d(w.at("conv2"), middle, middle, 3);
            conv3 = new Conv2d(w.at("conv3"), middle, out, 1);
            shortcut = s.has(name + ".downsample.0.weight") ? new Conv2d(w.at("downsample.0"), in, out, 1) : null;
        }

        Tensor forward(Tensor x) {
            try (Scope s = Scope.open()) {
                Tensor h = conv1.forward(x);
                h = s.replace(h, h.relu());
                h = s.replace(h, conv2.forward(h));
                h = s.replace(h, h.relu());
                if (shrinks) h = s.replace(h, h.pool(MEAN));
                h = s.replace(h, conv3.forward(h));
                Tensor kept = shrinks ? x.pool(MEAN) : x;
                h = s.replace(h, h.add(shortcut == null ? kept : shortcut.forward(kept)));
                return s.keep(h.relu());
            }
        }
    }
}
