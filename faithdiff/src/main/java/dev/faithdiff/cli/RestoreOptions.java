package dev.faithdiff.cli;

import dev.faithdiff.Options;
import dev.faithdiff.Restorer;
import dev.faithdiff.image.ColorFix;
import dev.faithdiff.sample.Samplers;
import java.util.ArrayList;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How a photo is restored, as options of a command. */
final class RestoreOptions {
    @Spec(Spec.Target.MIXEE) private CommandSpec spec;

    @Option(names = "--scale", paramLabel = "N", description = "Enlargement, 1..8 (default: 4; of an RRDBNet or SRVGGNetCompact its own).")
    private Integer scale;

    @Option(names = "--steps", paramLabel = "N", description = "Denoising steps, 1..1000 (default: the model's, 20 for the released one).")
    private Integer steps;

    @Option(names = "--guidance", paramLabel = "X", description = "How far to follow the prompt; 1 and below: no guidance (default: the model's, 5 "
            + "for the released one).", showDefaultValue = Visibility.NEVER)
    private double guidance = Options.defaults().guidance();

    @Option(names = "--guidance-rescale", paramLabel = "X", description = "How far the guided prediction gets the prompt's contrast back, 0..1.")
    private double rescale = Options.defaults().rescale();

    @Option(names = "--seed", paramLabel = "N", description = "The same seed gives the same image.")
    private long seed = Options.defaults().seed();

    @Option(names = "--rng", paramLabel = "NAME", description = "Whose random numbers: PyTorch's on ${COMPLETION-CANDIDATES}.")
    private Options.Generator rng = Options.defaults().rng();

    @Option(names = "--start", description = "What the first latents are made of: ${COMPLETION-CANDIDATES} (default: the model's, lr "
            + "for the released one).")
    private Options.Start start;

    @Option(names = "--strength", paramLabel = "X", description = "How far from the photo denoising starts, 0..1: 1 as published, 0 not at all.")
    private double strength = Options.defaults().strength();

    @Option(names = "--fidelity", paramLabel = "X", description = "How much the result takes of the photo, coarse structures first, 0..1: 0 as "
            + "published, 1 all.")
    private double fidelity = Options.defaults().fidelity();

    @Option(names = "--detail", paramLabel = "X", description = "How much the result takes of the first stage, fine structures first, 0..1 "
            + "(default: the model's; for models of two stages).")
    private Double detail;

    @Option(names = "--quality", paramLabel = "NAME", description = "${COMPLETION-CANDIDATES}: fast is the first stage alone of a model of two.")
    private Options.Quality quality = Options.defaults().quality();

    @Option(names = "--guard", paramLabel = "NAME", description = "What to do about a photo that is hardly damaged: ${COMPLETION-CANDIDATES} "
            + "(auto lowers the strength).")
    private Options.Guard guard = Options.defaults().guard();

    @Option(names = "--prompt", paramLabel = "TEXT", description = "What the photo shows.")
    private String prompt = Options.defaults().prompt();

    @Option(names = "--negative", paramLabel = "TEXT", description = "What it should not look like.")
    private String negative = Options.defaults().negative();

    @Option(names = "--color-fix", description = "How colours are brought back to the input's: ${COMPLETION-CANDIDATES} (default: the model's, "
            + "adain for the released one).")
    private ColorFix colorFix;

    @Option(names = "--sampler", paramLabel = "NAME", description = "How the noise is walked down: ${COMPLETION-CANDIDATES} (default: the model's).",
            completionCandidates = SamplerNames.class)
    private String sampler;

    @Option(names = "--tile", paramLabel = "PIXELS", description = "Side of the overlapping tiles in which large images are denoised (default: the "
            + "model's, 1024 for the released one).")
    private Integer tile;

    @Option(names = "--overlap", paramLabel = "X", description = "How far from one tile to the next as a part of a tile, above 0 to 1: larger "
            + "means less overlap, as in the published option (default: the model's, 0.5 for the released one).")
    private Double stride;

    @Option(names = "--condition", paramLabel = "NAME", description = "Of what the photo's features that guide a tile are normalised: "
            + "${COMPLETION-CANDIDATES} (default: the model's, tile for the released one).")
    private Options.Condition condition;

    @Option(names = "--margin", paramLabel = "PIXELS", description = "How much of the photo's mirror image the networks see beyond its edges "
            + "(default: the model's, 0 for the released one).")
    private Integer margin;

    @Option(names = "--vae-tile", paramLabel = "PIXELS", description = "Side of the tiles in which images are encoded and decoded; 0: as large "
            + "as the free memory allows.")
    private int vaeTile = Options.defaults().vaeTile();

    /** What was asked for, and the published defaults for the rest. @throws ParameterException if a value breaks its rule */
    Options options() { return options(Options.defaults()); }

    /** The same with a restorer's own defaults. */
    Options options(Restorer restorer) { return options(restorer.defaults()); }

    private Options options(Options o) {
        try {
            o = o.withScale(asked(scale, o.scale())).withSteps(asked(steps, o.steps())).withTile(asked(tile, o.tile())).withColorFix(asked(colorFix, o.colorFix()))
                    .withStart(asked(start, o.start())).withDetail(asked(detail, o.detail())).withCondition(asked(condition, o.condition()))
                    .withStride(asked(stride, o.stride())).withMargin(asked(margin, o.margin()));
            return o.withGuidance(guidance).withRescale(rescale).withSeed(seed).withRng(rng).withStrength(strength)
                    .withFidelity(fidelity).withQuality(quality).withGuard(guard).withPrompt(prompt).withNegative(negative).withSampler(sampler)
                    .withVaeTile(vaeTile);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage());
        }
    }

    private static <T> T asked(T value, T otherwise) { return value == null ? otherwise : value; }

    /** The samplers' names, for the help. */
    private static final class SamplerNames extends ArrayList<String> {
        SamplerNames() { super(Samplers.names()); }
    }
}
