package dev.faithdiff.restore.diffusion;

import dev.faithdiff.model.Config;
import dev.faithdiff.restore.Options;
import java.util.Arrays;
import java.util.List;

/** The samplers by name, each with its published scheduler. Any sampler takes any model's scheduler configuration. */
public enum Samplers {
    EULER("euler", "EulerDiscreteScheduler"),
    EULER_ANCESTRAL("euler-ancestral", "EulerAncestralDiscreteScheduler"),
    HEUN("heun", "HeunDiscreteScheduler"),
    DDPM("ddpm", "DDPMScheduler"),
    DDIM("ddim", "DDIMScheduler"),
    LCM("lcm", "LCMScheduler"),
    TCD("tcd", "TCDScheduler"),
    DPMPP_2M("dpm++2m", "DPMSolverMultistepScheduler"),
    DPMPP_3M("dpm++3m", "DPMSolverMultistepScheduler"),
    DPMPP_2M_SDE("dpm++2m-sde", "DPMSolverMultistepScheduler"),
    DPMPP_3M_SDE("dpm++3m-sde", "DPMSolverMultistepScheduler"),
    UNIPC("unipc", "UniPCMultistepScheduler");

    /** Up to as many steps solvers end with lower orders. */
    private static final int FEW_STEPS = 14;
    private static final double TCD_ETA = 0.3, LCM_SCALING = 10;
    private static final int TEACHER_STEPS = 50;

    private final String label, published;

    Samplers(String label, String published) {
        this.label = label;
        this.published = published;
    }

    /** The model's own sampler, by its {@code scheduler_config.json}. */
    public static Samplers of(Config c) {
        String name = c.text("_class_name");
        if (!name.equals(DPMPP_2M.published)) return published(name);
        boolean draws = c.text("algorithm_type", "dpmsolver++").equals("sde-dpmsolver++");
        if (!draws) c.require("algorithm_type", "dpmsolver++");
        boolean second = !c.has("solver_order") || c.within("solver_order", 2, 3) == 2;
        if (second) return draws ? DPMPP_2M_SDE : DPMPP_2M;
        return draws ? DPMPP_3M_SDE : DPMPP_3M;
    }

    /** The first sampler of a published class. */
    public static Samplers published(String className) {
        return Arrays.stream(values()).filter(s -> s.published.equals(className)).findFirst().orElseThrow(() -> new IllegalArgumentException(
                "the model's scheduler " + className + " is not one of this program's samplers; choose from " + Arrays.toString(values())));
    }

    /**
     * The sampler that options choose for a model.
     *
     * @param c the model's scheduler configuration
     * @throws IllegalArgumentException in one line if it does not take the options together, or so many steps
     */
    public static Sampler of(Options o, NoiseSchedule schedule, Config c) {
        Samplers kind = o.get(DiffusionOptions.SAMPLER) == null ? of(c) : o.get(DiffusionOptions.SAMPLER);
        NoiseSchedule.Spacing spacing = o.get(DiffusionOptions.SPACING);
        String timesteps = o.get(DiffusionOptions.TIMESTEPS);
        if (spacing != null && (kind == LCM || kind == TCD)) throw kind.refusal("has timesteps of its own, so it takes no spacing");
        NoiseSchedule spread = spacing == null ? schedule : schedule.with(spacing);
        if (timesteps != null) spread = spread.visiting(DiffusionOptions.timesteps(timesteps, schedule));
        int steps = timesteps == null ? o.get(DiffusionOptions.STEPS) : spread.given().length;
        return kind.create(spread, c, steps, o.get(DiffusionOptions.SIGMAS), o.get(DiffusionOptions.ETA));
    }

    /** {@link #create(NoiseSchedule, Config, int, Sigmas, Double)} with the configuration's levels and the sampler's own eta. */
    public Sampler create(NoiseSchedule schedule, Config c, int steps) { return create(schedule, c, steps, null, null); }

    /**
     * This sampler for so many steps, with the settings that the published class takes from a configuration.
     *
     * @param sigmas null: those of the configuration, where the sampler has a choice
     * @param eta    share of the noise that is drawn; null: the sampler's own
     * @throws IllegalArgumentException in one line if it cannot take so many steps. Some spread one step to where there is hardly any noise,
     *                                  and would leave that of the first latents
     */
    public Sampler create(NoiseSchedule schedule, Config c, int steps, Sigmas sigmas, Double eta) {
        Sampler sampler = unchecked(schedule, c, steps, levels(sigmas, schedule, c), eta(eta));
        double first = sampler.timesteps()[0], least = schedule.timesteps() / 2.0;
        if (first >= least) return sampler;
        if (schedule.given() != null) throw refusal("must begin at timestep " + (int) least + " or above, not " + (int) first);
        throw refusal("needs at least 2 steps with this model's timesteps: a single one would be at timestep " + (int) first + " of "
                + schedule.timesteps() + ", where there is hardly any noise to remove");
    }

    private Sigmas levels(Sigmas asked, NoiseSchedule schedule, Config c) {
        boolean choice = List.of(EULER, HEUN, DPMPP_2M, DPMPP_3M, DPMPP_2M_SDE, DPMPP_3M_SDE, UNIPC).contains(this);
        boolean own = asked == null || asked == Sigmas.SCHEDULE;
        if (!own && !choice) throw refusal("has the levels of its timesteps, so it takes no sigmas");
        if (!own && schedule.given() != null) throw refusal("takes timesteps or sigmas, not both");
        return asked != null ? asked : choice && schedule.given() == null ? Sigmas.of(c) : Sigmas.SCHEDULE;
    }

    private double eta(Double asked) {
        if (asked != null && this != DDIM && this != TCD) throw refusal("takes no eta");
        return asked != null ? asked : this == TCD ? TCD_ETA : 0;
    }

    private IllegalArgumentException refusal(String why) { return new IllegalArgumentException("the sampler " + label + " " + why); }

    private Sampler unchecked(NoiseSchedule schedule, Config c, int steps, Sigmas sigmas, double eta) {
        double lowest = schedule.sigma(0), end = c.text("final_sigmas_type", "zero").equals("zero") ? 0 : lowest;
        return switch (this) {
            case EULER -> {
                requireOwnLevels(c);
                c.require("interpolation_type", "linear");
                yield EulerSampler.euler(schedule, steps, sigmas, end);
            }
            case EULER_ANCESTRAL -> EulerSampler.ancestral(schedule, steps);
            case HEUN -> {
                requireOwnLevels(c);
                yield SecondOrderSampler.heun(schedule, steps, sigmas, 0);
            }
            case DDPM -> {
                requirePlainData(c);
                c.require("variance_type", "fixed_small");
                yield EulerSampler.ddpm(schedule, steps);
            }
            case DDIM -> {
                requirePlainData(c);
                yield EulerSampler.ddim(schedule, steps, eta, c.flag("set_alpha_to_one", true) ? 0 : lowest);
            }
            case LCM -> {
                requirePlainData(c);
                yield EulerSampler.lcm(schedule, steps, teacherSteps(c), c.number("timestep_scaling", LCM_SCALING));
            }
            case TCD -> {
                requirePlainData(c);
                yield EulerSampler.tcd(schedule, steps, teacherSteps(c), eta);
            }
            case DPMPP_2M, DPMPP_3M, DPMPP_2M_SDE, DPMPP_3M_SDE -> {
                requireSolved(c);
                boolean few = c.flag("lower_order_final", true) && steps <= FEW_STEPS, heun = c.text("solver_type", "").equals("heun");
                int order = this == DPMPP_3M || this == DPMPP_3M_SDE ? 3 : 2;
                boolean draws = this == DPMPP_2M_SDE || this == DPMPP_3M_SDE, lowers = few || end == 0 || c.flag("euler_at_final", false);
                MultistepSampler.Solver solver = heun ? MultistepSampler.Solver.HEUN : MultistepSampler.Solver.MIDPOINT;
                yield multistep(schedule, steps, sigmas, end, new MultistepSampler.Method(solver, order, draws, lowers, few));
            }
            case UNIPC -> {
                requireSolved(c);
                c.require("solver_order", "2");
                c.require("predict_x0", "true");
                c.require("disable_corrector", "[]");
                MultistepSampler.Solver solver = c.text("solver_type", "").equals("bh1") ? MultistepSampler.Solver.BH1 : MultistepSampler.Solver.BH2;
                boolean lowers = c.flag("lower_order_final", true);
                yield multistep(schedule, steps, sigmas, end, new MultistepSampler.Method(solver, 2, false, lowers, false));
            }
        };
    }

    private static Sampler multistep(NoiseSchedule schedule, int steps, Sigmas sigmas, double end, MultistepSampler.Method method) {
        return new MultistepSampler(MultistepSampler.levels(schedule, steps, sigmas, end), method);
    }

    /** In which the model's teacher was trained to restore. */
    private static int teacherSteps(Config c) { return c.has("original_inference_steps") ? c.positive("original_inference_steps") : TEACHER_STEPS; }

    /** Of the published ways to choose levels, these are not known. */
    private static void requireOwnLevels(Config c) {
        for (String other : new String[] {"lu_lambdas", "flow_sigmas"}) c.require("use_" + other, "false");
        c.require("sigma_min", "null");
        c.require("sigma_max", "null");
    }

    private static void requireSolved(Config c) {
        requireOwnLevels(c);
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
