package dev.faithdiff.networks.supir;

import dev.faithdiff.tensor.Tensor;

/** Changes features of the U-Net by what the control saw at the same place. */
interface Connector {
    /** @param h {@code [B, H, W, C]}; the result has the same shape @param seen {@code [B, H, W, control]} */
    Tensor forward(Tensor h, Tensor seen);
}
