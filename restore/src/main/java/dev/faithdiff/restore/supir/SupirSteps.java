package dev.faithdiff.restore.supir;

import dev.faithdiff.restore.diffusion.Plan;

/**
 * What SUPIR's steps do beside those of other systems.
 *
 * @param raised   by what share the noise of each step was raised before it
 * @param guidance follows the noise of the step
 * @param control  follows the noise before it was raised, as published
 * @param pull     power of the share of the noise by which predictions are drawn to the photo; null: they are not
 */
record SupirSteps(Plan plan, double raised, Ramp guidance, Ramp control, Double pull) {
    /** Below so much noise after a step its prediction is not drawn to the photo. */
    private static final double LEAST_PULLED = 0.05;

    /** Noise over signal of a step. */
    double sigma(int step) { return plan.sampler().levels().from()[step]; }

    double guidance(int step) { return guidance.at(sigma(step)); }

    double control(int step) { return control.at(before(step)); }

    /** How far a step's prediction is drawn to the photo: 0: not at all, 1: it becomes that. */
    double pulled(int step) {
        double after = plan.sampler().levels().to()[step] / (1 + raised);
        return pull == null || after <= LEAST_PULLED ? 0 : Math.pow(before(step) / Ramp.MOST, pull);
    }

    private double before(int step) { return sigma(step) / (1 + raised); }
}
