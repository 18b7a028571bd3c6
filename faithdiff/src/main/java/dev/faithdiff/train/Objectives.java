package dev.faithdiff.train;

import dev.faithdiff.Model;
import dev.faithdiff.train.RunFile.Stage;

/** What each stage of a run trains, and what is done to the model before it begins. */
final class Objectives {
    private static final int HEAD = 3;

    private final Model model;
    private final long seed;

    Objectives(Model model, long seed) {
        this.model = model;
        this.seed = seed;
    }

    Objective of(Stage s, int number) {
        Denoising.Settings denoising = new Denoising.Settings(s.loss().equals("l1") ? Denoising.Norm.L1 : Denoising.Norm.L2, s.noiseOffset(),
                s.promptDropout(), s.acrossBatch());
        return switch (s.objective()) {
            case "vae" -> new VaeObjective(model, s.vaeLoss().settings(), s.learningRate(), false);
            case "decoder" -> new VaeObjective(model, s.vaeLoss().settings(), s.learningRate(), true);
            case "lq" -> new LqObjective(model, s.learningRate(), Seeds.of(seed, number, HEAD));
            case "align" -> new AlignmentObjective(model, denoising, s.learningRate());
            default -> new UnifiedObjective(model, denoising, s.learningRate(), s.encoderLearningRate(), switch (s.trained()) {
                case "unet" -> UnifiedObjective.Trained.UNET_ONLY;
                case "encoder" -> UnifiedObjective.Trained.ENCODER_ONLY;
                default -> UnifiedObjective.Trained.BOTH;
            });
        };
    }

    /** Gives the model the values that a stage begins with. */
    void begin(Stage s, Samples samples) {
        for (String what : s.begin()) {
            switch (what) {
                case "encoder-from-autoencoder" -> FirstValues.encoderFromAutoencoder(model);
                case "silent-alignment" -> FirstValues.silentAlignment(model);
                default -> LatentScale.fold(model, samples, s.crop(0));
            }
        }
    }
}
