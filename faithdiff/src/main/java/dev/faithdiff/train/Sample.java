package dev.faithdiff.train;

import dev.faithdiff.image.Image;

/**
 * One crop for training: as it was and as it was spoilt, both of the same size.
 *
 * @param height of the whole photo in pixels
 * @param top    first row of the crop in the photo
 */
record Sample(Image clean, Image degraded, String caption, int height, int width, int top, int left) {}
