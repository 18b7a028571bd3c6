package dev.faithdiff.restore.diffusion;

import dev.faithdiff.model.Config;
import java.util.Arrays;
import java.util.List;

/** The samplers by name, each with its published scheduler. Any sampler takes any model's scheduler configuration. */
public enum Samplers {
    EULER("euler", "EulerDiscreteScheduler", false),
    EULER_KARRAS("euler-karras", "EulerDiscreteScheduler", true),
    EULER_ANCESTRAL("euler-ancestral", "EulerAncestralDiscreteScheduler", false),
    DDPM("ddpm", "DDPMScheduler", false),
    DDIM("ddim", "DDIMScheduler", false),
    DPMPP_2M("dpm++2m", "DPMSolverMultistepScheduler", false),
    DPMPP_2M_KARRAS("dpm++2m-karras", "DPMSolverMultistepScheduler", true),
    UNIPC("unipc", "UniPCMultistepScheduler", false),
    UNIPC_KARRAS("unipc-karras", "UniPCMultistepScheduler", true);

    private static final int FEW_STEPS = 15;

    private final String label, published;
    private final boolean karras;

    Samplers(String label, String published, boolean karras) {
        this.label = label;
        this.published = published;
        this.karras = karras;
    }

    /** The model's own sampler, by {@code _class_name} and {@code use_karras_sigmas} of its {@code scheduler_config.json}. */
    public static Samplers of(Config c) { return published(c.text("_class_name"), c.flag("use_karras_sigmas", false)); }

    /** The sampler of a published class. As published, classes without Karras levels ignore {@code karras}. */
    public static Samplers published(String className, boolean karras) {
        List<Samplers> same = Arrays.stream(values()).filter(s -> s.published.equals(className)).toList();
        if (same.isEmpty()) {
            throw new IllegalArgumentException("the model's scheduler " + className + " is not one of this program's samplers; choose from "
                    + Arrays.toString(values()));
        }
        return same.stream().filter(s -> s.karras == karras).findFirst().orElse(same.getFirst());
    }

    /**
     * This sampler for so many steps, with the settings that the published class takes from a configuration.
     *
     * @throws IllegalArgumentException in one line if it cannot take so many steps. Some spread one step to where there is hardly any noise,
     *                                  and would leave that of the first latents
     */
    public Sampler create(NoiseSchedule schedule, Config c, int steps) {
        Sampler sampler = unchecked(schedule, c, steps);
        double first = sampler.timesteps()[0];
        if (first >= schedule.timesteps() / 2) return sampler;
        throw new IllegalArgumentException("the sampler " + label + " needs at least 2 steps with this model's timesteps: a single one would be at "
                + "timestep " + (int) first + " of " + schedule.timesteps() + ", where there is hardly any noise to remove");
    }

    private Sampler unchecked(NoiseSchedule schedule, Config c, int steps) {
        double lowest = schedule.sigma(0), end = c.text("final_sigmas_type", "zero").equals("zero") ? 0 : lowest;
        return switch (this) {
            case EULER, EULER_KARRAS -> {
                requireOwnLevels(c);
                c.require("interpolation_type", "linear");
                yield EulerSampler.euler(schedule, steps, karras, end);
            }
            case EULER_ANCESTRAL -> EulerSampler.ancestral(schedule, steps);
            case DDPM -> {
                requirePlainData(c);
                c.require("variance_type", "fixed_small");
                yield EulerSampler.ddpm(schedule, steps);
            }
            case DDIM -> {
                requirePlainData(c);
                yield EulerSampler.ddim(schedule, steps, 0, c.flag("set_alpha_to_one", true) ? 0 : lowest);
            }
            case DPMPP_2M, DPMPP_2M_KARRAS -> {
                requireSecondOrder(c);
                c.require("algorithm_type", "dpmsolver++");
                boolean lowers = end == 0 || c.flag("euler_at_final", false) || c.flag("lower_order_final", true) && steps < FEW_STEPS;
                boolean heun = c.text("solver_type", "").equals("heun");
                MultistepSampler.Solver solver = heun ? MultistepSampler.Solver.HEUN : MultistepSampler.Solver.MIDPOINT;
                yield new MultistepSampler(schedule, steps, solver, karras, lowers, end);
            }
            case UNIPC, UNIPC_KARRAS -> {
                requireSecondOrder(c);
                c.require("predict_x0", "true");
                c.require("disable_corrector", "[]");
                MultistepSampler.Solver solver = c.text("solver_type", "").equals("bh1") ? MultistepSampler.Solver.BH1 : MultistepSampler.Solver.BH2;
                yield new MultistepSampler(schedule, steps, solver, karras, c.flag("lower_order_final", true), end);
            }
        };
    }

    /** Of the published ways to choose levels, only the schedule's and Karras' are known. */
    private static void requireOwnLevels(Config c) {
        for (String other : new String[] {"exponential_sigmas", "beta_sigmas", "lu_lambdas", "flow_sigmas"}) c.require("use_" + other, "false");
        c.require("sigma_min", "null");
        c.require("sigma_max", "null");
    }

    private static void requireSecondOrder(Config c) {
        requireOwnLevels(c);
        c.require("solver_order", "2");
        c.require("thresholding", "false");
    }

    /** Predicted data are not clipped. */
    private static void requirePlainData(Config c) {
        c.require("clip_sample", "false");
        c.require("thresholding", "false");
    }

    /** The name as users write it. */
    @Override public String toString() { return label; }
}
