package dev.faithdiff.nn;

import dev.faithdiff.tensor.Tensor;

/** Rows of a table by index: {@code [...] -> [..., channels]}. */
public final class Embedding {
    private final Tensor weight;

    public Embedding(Weights w, int rows, int channels) { weight = w.get("weight", Init.normal(0.02f), rows, channels); }

    public Tensor forward(Tensor indices) { return weight.gather(indices); }
}
