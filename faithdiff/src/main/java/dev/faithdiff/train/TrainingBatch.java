package dev.faithdiff.train;

import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Tensor;
import java.util.List;

/**
 * One batch of crops.
 *
 * @param clean    {@code [B, H, W, 3]} in -1..1, F32
 * @param degraded the same crops degraded and enlarged to the same size
 * @param captions one for each crop, the empty string for none
 * @param crops    where each crop comes from
 */
public record TrainingBatch(Tensor clean, Tensor degraded, List<String> captions, List<Crop> crops) {
    /** Size of the photo that a crop was cut from and the crop's top left corner, in pixels of the clean photo. */
    public record Crop(int height, int width, int top, int left) {}

    public TrainingBatch {
        if (!clean.shape().equals(degraded.shape()) || clean.rank() != 4) {
            throw new OpError("clean " + clean + " and degraded " + degraded + " do not pair");
        }
        if (captions.size() != clean.size(0) || crops.size() != clean.size(0)) {
            throw new OpError(clean.size(0) + " images, " + captions.size() + " captions and " + crops.size() + " crops do not pair");
        }
    }

    public int size() { return clean.size(0); }
}
