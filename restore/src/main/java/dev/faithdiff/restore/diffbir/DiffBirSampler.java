package dev.faithdiff.restore.diffbir;

import dev.faithdiff.restore.diffusion.EulerSampler;
import dev.faithdiff.restore.diffusion.KDiffusion;
import dev.faithdiff.restore.diffusion.Levels;
import dev.faithdiff.restore.diffusion.MultistepSampler;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.diffusion.SignalTable;
import java.util.function.DoubleUnaryOperator;

/** DiffBIR's samplers under their published names. They share solvers with other systems, and spread their steps in ways of their own. */
public enum DiffBirSampler {
    /** DDPM at timesteps from the last to the first one of the training. */
    SPACED("spaced", null),
    /** DDIM without noise. As published, all its timesteps are one too high, but for one that there is not. */
    DDIM("ddim", null),
    /** DPM-Solver++ of second order, evenly in time. */
    DPMPP_M2("dpm++_m2", null),
    EDM_EULER("edm_euler", KDiffusion.EULER), EDM_EULER_A("edm_euler_a", KDiffusion.EULER_ANCESTRAL), EDM_HEUN("edm_heun", KDiffusion.HEUN),
    EDM_DPM_2("edm_dpm_2", KDiffusion.DPM_2), EDM_DPM_2_A("edm_dpm_2_a", KDiffusion.DPM_2_ANCESTRAL), EDM_LMS("edm_lms", KDiffusion.LMS),
    EDM_DPMPP_2S_A("edm_dpm++_2s_a", KDiffusion.DPMPP_2S_ANCESTRAL), EDM_DPMPP_SDE("edm_dpm++_sde", KDiffusion.DPMPP_SDE),
    EDM_DPMPP_2M("edm_dpm++_2m", KDiffusion.DPMPP_2M), EDM_DPMPP_2M_SDE("edm_dpm++_2m_sde", KDiffusion.DPMPP_2M_SDE),
    EDM_DPMPP_3M_SDE("edm_dpm++_3m_sde", KDiffusion.DPMPP_3M_SDE);

    /** As published, the first step of these begins at this much noise over signal, whatever its timestep has. */
    private static final double FIRST = Math.sqrt((1 - 1e-8) / 1e-8);

    private final String label;
    private final KDiffusion solver;

    DiffBirSampler(String label, KDiffusion solver) {
        this.label = label;
        this.solver = solver;
    }

    /** Whether noise may be added before its steps. */
    boolean churns() { return solver != null && solver.churns(); }

    /**
     * The sampler of so many steps.
     *
     * @param churn see {@link KDiffusion#of}
     * @param order of {@link #EDM_LMS}
     * @throws IllegalArgumentException in one line if it does not take so many steps
     */
    Sampler of(SignalTable table, int steps, double churn, int order) { return of(table, steps, churn, order, Math::sqrt); }

    /** @param root see {@link KDiffusion#of(Levels, double, int, DoubleUnaryOperator)} */
    Sampler of(SignalTable table, int steps, double churn, int order, DoubleUnaryOperator root) {
        return switch (this) {
            case SPACED -> EulerSampler.ddpm(levels(table, table.spaced(require(steps, 2, table.timesteps())), 0));
            case DDIM -> {
                int stride = table.timesteps() / require(steps, 2, table.timesteps() / 2), count = Math.ceilDiv(table.timesteps(), stride);
                double[] t = new double[count];
                for (int i = 0; i < count; i++) t[i] = Math.min((count - 1 - i) * stride + 1, table.timesteps() - 1);
                yield EulerSampler.ddim(levels(table, t, table.sigma(0)));
            }
            case DPMPP_M2 -> MultistepSampler.uniform(table, require(steps, 2, table.timesteps() - 1));
            default -> {
                double[] t = new double[require(steps, 1, table.timesteps() - 1)];
                int last = table.timesteps() - 1;
                for (int i = 0; i < steps; i++) t[i] = Math.floor(last + i * (-last / (double) steps));
                Levels levels = levels(table, t, 0);
                levels.from()[0] = (float) FIRST;
                yield solver.of(levels, churn, order, root);
            }
        };
    }

    private int require(int steps, int least, int most) {
        if (steps >= least && steps <= most) return steps;
        throw new IllegalArgumentException("the sampler " + label + " takes " + least + ".." + most + " steps, not " + steps);
    }

    private static Levels levels(SignalTable table, double[] timesteps, double end) {
        float[] from = new float[timesteps.length];
        for (int i = 0; i < from.length; i++) from[i] = (float) table.sigma((int) timesteps[i]);
        return Levels.chain(timesteps, from, end);
    }

    /** The published name. */
    @Override public String toString() { return label; }
}
