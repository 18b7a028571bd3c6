package dev.faithdiff.train;

import dev.faithdiff.image.Image;

/**
 * One crop for training, clean and degraded, both of the same size.
 *
 * @param crop the crop's place in its photo
 */
record Sample(Image clean, Image degraded, String caption, TrainingBatch.Crop crop) {}
