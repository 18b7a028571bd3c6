package dev.faithdiff.networks;

import dev.faithdiff.tensor.Tensor;

/** The mean and the deviation of each colour by which a network's input is normalized. */
public record InputNorm(float[] mean, float[] deviation) {
    public static final InputNorm IMAGENET = new InputNorm(new float[] {0.485f, 0.456f, 0.406f}, new float[] {0.229f, 0.224f, 0.225f});
    public static final InputNorm CLIP = new InputNorm(new float[] {0.48145466f, 0.4578275f, 0.40821073f},
            new float[] {0.26862954f, 0.26130258f, 0.27577711f});

    /** {@code (x - mean) / deviation} of {@code [B, H, W, 3]}. */
    public Tensor normalize(Tensor x) { return x.sub(colours(mean, x)).div(colours(deviation, x)); }

    private static Tensor colours(float[] values, Tensor x) { return Tensor.of(values, values.length).to(x.device()); }
}
