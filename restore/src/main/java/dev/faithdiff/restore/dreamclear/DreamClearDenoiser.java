package dev.faithdiff.restore.dreamclear;

import dev.faithdiff.networks.dreamclear.DreamClearNet;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.diffusion.Levels;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.List;

/**
 * DreamClear's network with text and condition. It gives the guided clean latents and, where the sampler takes it, behind them the variance,
 * {@code [1, h, w, 2C]}. Its tensors belong to the scope it is made in.
 *
 * @param text       of caption and no caption, which always go through the network together, since their tokens see each other
 * @param conditions of each tile
 * @param guidance   1: none
 * @param variance   whether the sampler takes the variance. Then only the first three channels of the noise are guided, as published, else all
 * @param levels     of the sampler
 */
record DreamClearDenoiser(DreamClearNet net, DType dtype, Tensor text, List<DreamClearNet.Condition> conditions, float guidance,
        boolean variance, Levels levels) implements Denoiser {
    /** The channels of the noise that are guided beside a variance: the first three, as in DiT. */
    private static final int GUIDED = 3;

    @Override public Tensor predict(Tensor latents, At at) {
        int c = latents.size(3);
        double sigma = levels.from()[at.step()];
        try (Scope s = Scope.open()) {
            Tensor x = latents.to(dtype);
            Tensor both = net.forward(x.concat(0, x), (float) at.timestep(), text, conditions.get(at.tile())).to(DType.F32);   // [2, h, w, 2C]
            Tensor answer = guided(both);
            Tensor data = latents.mul((float) (1 / Levels.alpha(sigma))).sub(answer.slice(3, 0, c).mul((float) sigma));
            return s.keep(variance ? data.concat(3, answer.slice(3, c, 2 * c)) : data);
        }
    }

    /** The caption's answer, guided away from that for no caption. @param both rows */
    Tensor guided(Tensor both) {
        int guided = variance ? GUIDED : both.size(3) / 2;
        Tensor text = both.slice(0, 0, 1), none = both.slice(0, 1, 2), a = text.slice(3, 0, guided), b = none.slice(3, 0, guided);
        return b.add(a.sub(b).mul(guidance)).concat(3, text.slice(3, guided, both.size(3)));
    }
}
