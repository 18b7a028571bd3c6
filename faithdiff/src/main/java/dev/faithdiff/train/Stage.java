package dev.faithdiff.train;

import static dev.faithdiff.train.RunFile.check;

import dev.faithdiff.nn.EdgeStrength;
import java.util.List;

/**
 * One part of a run with its own optimizer.
 *
 * @param objective           what is trained: vae, lq, align, unified, decoder or one-step
 * @param accumulation        batches whose gradients are added for one step
 * @param crops               sides in pixels; each is used for an equal share of the steps
 * @param optimizer           adamw, as published, or muon
 * @param encoderLearningRate of the LQ encoder where it is trained with the U-Net
 * @param schedule            of the learning rate after the warm-up: constant or cosine
 * @param ema                 decay of the averaged weights, which become the result of the stage; 0: no averages
 * @param emaWarmup           whether the decay grows from 0 as published
 * @param loss                l1 or l2
 * @param promptDropout       probability of an empty caption
 * @param weightLimit         largest weight of the loss of noisy latents; 1: equal weights, as released
 * @param stratified          whether a batch's timesteps are spread evenly
 * @param acrossBatch         whether the alignment attends across the batch, as released
 * @param headWeight          weight of the LQ encoder's warm-up loss in the unified stage; 0: none, as published
 * @param blend               position of the target between the head's estimate, 0, and the clean latents, 1, as published
 * @param restored            share of the decoder's batches that use restored latents instead of the clean image's
 * @param timestep            of the one-step objective
 * @param anchor              weight of the autoencoder's loss in the one-step objective
 * @param evenEdges           weight of the loss that keeps features as strong at a crop's edges as inside, see {@link EdgeStrength}; 0: none
 * @param sizes               whether the size conditioning is trained, as published; else it is made constant
 * @param begin               changes to the model before the stage: raised-biases, scale-latents,
 *                            encoder-from-autoencoder, silent-alignment
 * @param recompute           whether activations are recomputed for gradients instead of kept: slower, in less memory
 * @param vaeLoss             weights of the parts of the autoencoder's loss
 */
public record Stage(String objective, int steps, int batch, int accumulation, List<Integer> crops, String optimizer, double learningRate,
        double encoderLearningRate, String schedule, int warmup, double weightDecay, double clip, double ema, int emaEvery,
        boolean emaWarmup, String loss, double promptDropout, double noiseOffset, double weightLimit, boolean stratified,
        boolean acrossBatch, double headWeight, double blend, double restored, int timestep, double anchor, double evenEdges, boolean sizes,
        List<String> begin, boolean recompute, VaeObjective.Settings vaeLoss) {
    public Stage {
        oneOf("objective", objective, "vae", "lq", "align", "unified", "decoder", "one-step");
        oneOf("optimizer", optimizer, "adamw", "muon");
        oneOf("schedule", schedule, "constant", "cosine");
        oneOf("loss", loss, "l1", "l2");
        for (String what : begin) oneOf("begin", what, "raised-biases", "scale-latents", "encoder-from-autoencoder", "silent-alignment");
        check(steps >= 1 && batch >= 1 && accumulation >= 1, "a stage's 'steps', 'batch' and 'accumulation' must be at least 1");
        check(warmup >= 0 && emaEvery >= 1, "a stage's 'warmup' must be at least 0 and its 'emaEvery' at least 1");
        check(!crops.isEmpty() && crops.stream().allMatch(c -> c >= 16 && c % 8 == 0), "a stage's 'crops' must be multiples of 8 from 16");
        check(learningRate > 0 && encoderLearningRate >= 0, "learning rates must be above 0");
        check(clip > 0 && weightDecay >= 0, "a stage's 'clip' must be above 0 and its 'weightDecay' at least 0");
        check(ema >= 0 && ema < 1, "a stage's 'ema' must be at least 0 and below 1");
        check(weightLimit >= 1 && headWeight >= 0, "a stage's 'weightLimit' must be at least 1 and its 'headWeight' at least 0");
        check(blend >= 0 && blend <= 1 && (blend == 1 || headWeight > 0), "a stage's 'blend' must be 0..1, and below 1 it needs a 'headWeight'");
        check(restored >= 0 && restored <= 1, "a stage's 'restored' must be 0..1");
        check(timestep >= 1 && anchor >= 0, "a stage's 'timestep' must be at least 1 and its 'anchor' at least 0");
        check(evenEdges >= 0 && (evenEdges == 0 || !recompute), "a stage's 'evenEdges' must be at least 0, and above 0 it excludes 'recompute'");
        check(promptDropout >= 0 && promptDropout <= 1, "a stage's 'promptDropout' must be 0..1");
    }

    private static void oneOf(String key, String value, String... known) {
        check(List.of(known).contains(value), "a stage's '" + key + "' must be one of " + String.join(", ", known) + ", not '" + value + "'");
    }

    boolean degrades() { return !objective.equals("vae") && (!objective.equals("decoder") || restored > 0); }

    /** Whether a model that has come to this stage can restore photos. */
    boolean restores() { return !objective.equals("vae") && !objective.equals("lq"); }

    /** Side of the crops of a step. */
    int crop(long step) { return crops.get((int) (step * crops.size() / steps)); }

    NoisePrediction.Settings denoising() {
        NoisePrediction.Norm norm = loss.equals("l1") ? NoisePrediction.Norm.L1 : NoisePrediction.Norm.L2;
        return new NoisePrediction.Settings(norm, noiseOffset, promptDropout, weightLimit, stratified, acrossBatch);
    }

    Stage withSteps(int v) { return with(v, begin); }

    Stage with(int steps, List<String> begin) {
        return new Stage(objective, steps, batch, accumulation, crops, optimizer, learningRate, encoderLearningRate, schedule, warmup,
                weightDecay, clip, ema, emaEvery, emaWarmup, loss, promptDropout, noiseOffset, weightLimit, stratified, acrossBatch,
                headWeight, blend, restored, timestep, anchor, evenEdges, sizes, begin, recompute, vaeLoss);
    }
}
