package dev.faithdiff.train;

import dev.faithdiff.image.Image;

/**
 * One crop for training: as it was and as it was spoilt, both of the same size.
 *
 * @param crop where it was cut out
 */
record Sample(Image clean, Image degraded, String caption, TrainingBatch.Crop crop) {}
