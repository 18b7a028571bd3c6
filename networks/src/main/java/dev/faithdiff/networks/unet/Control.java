package dev.faithdiff.networks.unet;

import dev.faithdiff.tensor.Tensor;

/**
 * What speaks to a U-Net while it runs. At each {@link Site} the U-Net goes on with what the control gives for the features there; at a
 * site that is not its own a control gives back what it got. It keeps no tensor that it was given: these are freed as the U-Net goes on.
 *
 * <p>Published systems, and where they act: DiffBIR, SeeSR and PASD add a ControlNet's residuals at Skip and Middle. PASD attends to
 * these residuals at each Layer of the up path. SUPIR's ZeroSFT acts at Middle and at Joined, of which it knows both widths, and its
 * attention to the control's features at the last Layer of an upper level. StableSR's SPADE acts at each Resnet.
 */
@FunctionalInterface
public interface Control {
    /** Changes nothing. */
    Control NONE = (site, h) -> h;

    /** @param h {@code [B, H, W, C]}; the result has the same shape */
    Tensor at(Site site, Tensor h);
}
