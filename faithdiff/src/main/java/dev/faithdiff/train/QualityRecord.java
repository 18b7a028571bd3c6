package dev.faithdiff.train;

import java.util.Locale;

/**
 * Quality of restored validation photos, means over all: PSNR of RGB in dB, SSIM of luma, and detail.
 *
 * @param bicubic  of the degraded photos as they are
 * @param vae      of the clean photos through the autoencoder; null if the model has none
 * @param restored of the degraded photos restored; null until a stage that can restore has begun
 */
public record QualityRecord(int stage, long total, Near bicubic, Near vae, Near restored) implements JsonLines.AtStep {
    /** @param detail see {@link dev.faithdiff.quality.Energy.Kind#DETAIL} */
    public record Near(double psnr, double ssim, double detail) {
        @Override public String toString() { return String.format(Locale.ROOT, "%.2f dB, SSIM %.4f", psnr, ssim); }
    }

    @Override public String toString() {
        return "bicubic " + bicubic + (vae == null ? "" : "; autoencoder " + vae) + (restored == null ? "" : "; restored " + restored);
    }
}
