package dev.faithdiff.networks.dreamclear;

import dev.faithdiff.networks.unet.Sinusoid;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;

/** What PixArt knows of the timestep, and of height, width and aspect of the image. As published, each tile counts as a square of 1024 pixels. */
final class TimeAndSize {
    private static final int SINUSOID = 256;
    private static final float SIDE = 1024, ASPECT = 1;

    /** Sinusoids through two layers. */
    record Embedder(Linear first, Linear second) {
        static Embedder of(Weights w, int width) {
            return new Embedder(new Linear(w.at("mlp.0"), SINUSOID, width), new Linear(w.at("mlp.2"), width, width));
        }

        /** {@code [values, width]}. @param like a tensor of the type and on the device to compute with */
        Tensor forward(Tensor like, float... values) {
            Tensor x = Tensor.of(Sinusoid.embed(values, SINUSOID), values.length, SINUSOID).to(like.device()).to(like.dtype());
            return second.forward(first.forward(x).silu());
        }
    }

    private final int width;
    private final Embedder time, side, aspect;

    TimeAndSize(Weights w, int width) {
        this.width = width;
        time = Embedder.of(w.at("t_embedder"), width);
        side = Embedder.of(w.at("csize_embedder"), width / 3);
        aspect = Embedder.of(w.at("ar_embedder"), width / 3);
    }

    /** {@code [1, width]}. */
    Tensor forward(Tensor like, float timestep, DreamClearNet.Watcher watcher) {
        try (Scope s = Scope.open()) {
            Tensor t = time.forward(like, timestep), sides = side.forward(like, SIDE, SIDE).reshape(1, width / 3 * 2);
            Tensor ratio = aspect.forward(like, ASPECT);
            watcher.sees("t_embedder", t);
            watcher.sees("csize_embedder", sides);
            watcher.sees("ar_embedder", ratio);
            return s.keep(t.add(sides.concat(1, ratio)));
        }
    }
}
