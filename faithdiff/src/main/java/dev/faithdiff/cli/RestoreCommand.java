package dev.faithdiff.cli;

import dev.faithdiff.FaithDiff;
import dev.faithdiff.Offload;
import dev.faithdiff.Options;
import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageFiles;
import dev.faithdiff.sample.Samplers;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Restores one photo. */
@Command(name = "restore", description = "Restore a photo.", sortOptions = false, showDefaultValues = true)
final class RestoreCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "IN", description = "The photo: PNG, JPEG, WebP, TIFF or BMP.")
    private Path in;

    @Option(names = {"-o", "--output"}, required = true, paramLabel = "OUT", description = "The restored photo: .png, .jpg or .tif.")
    private Path out;

    @Option(names = "--model", paramLabel = "DIR", description = "Model folder made by 'faithdiff convert' (default: the bundled small model).")
    private Path model;

    @Option(names = "--scale", paramLabel = "N", description = "Enlargement, 1..8.")
    private int scale = Options.defaults().scale();

    @Option(names = "--steps", paramLabel = "N", description = "Denoising steps, 1..1000.")
    private int steps = Options.defaults().steps();

    @Option(names = "--guidance", paramLabel = "X", description = "How far to follow the prompt; 1 and below: no guidance (default: the model's, 5 "
            + "for the released one).", showDefaultValue = Visibility.NEVER)
    private double guidance = Options.defaults().guidance();

    @Option(names = "--seed", paramLabel = "N", description = "The same seed gives the same image.")
    private long seed = Options.defaults().seed();

    @Option(names = "--start", description = "What the first latents are made of: ${COMPLETION-CANDIDATES}.")
    private Options.Start start = Options.defaults().start();

    @Option(names = "--prompt", paramLabel = "TEXT", description = "What the photo shows.")
    private String prompt = Options.defaults().prompt();

    @Option(names = "--negative", paramLabel = "TEXT", description = "What it should not look like.")
    private String negative = Options.defaults().negative();

    @Option(names = "--color-fix", description = "How colours are brought back to the input's: ${COMPLETION-CANDIDATES}.")
    private ColorFix colorFix = Options.defaults().colorFix();

    @Option(names = "--sampler", paramLabel = "NAME", description = "How the noise is walked down: ${COMPLETION-CANDIDATES} (default: the model's).",
            completionCandidates = SamplerNames.class)
    private String sampler;

    @Option(names = "--tile", paramLabel = "PIXELS", description = "Side of the overlapping tiles in which large images are denoised.")
    private int tile = Options.defaults().tile();

    @Option(names = "--vae-tile", paramLabel = "PIXELS", description = "Side of the tiles in which images are encoded and decoded; 0: as large "
            + "as the free memory allows.")
    private int vaeTile = Options.defaults().vaeTile();

    @Option(names = "--device", paramLabel = "NAME", description = "cpu, cuda, cuda:N, or auto: the CPU as long as CUDA is not proven on a GPU.")
    private String device = "auto";

    @Option(names = "--dtype", description = "What a GPU computes in, with sums in f32: ${COMPLETION-CANDIDATES} (default: f16; the CPU computes in f32).")
    private Precision dtype;

    @Option(names = "--offload", description = "Which weights leave a GPU while they are not needed: ${COMPLETION-CANDIDATES}; stages: whole "
            + "networks, blocks: also parts of the U-Net in each step, auto: as few as its memory allows.")
    private Offload offload = Offload.AUTO;

    @Option(names = "--profile", paramLabel = "FILE", description = "Print where the time went, and write it as a trace (.json) for "
            + "https://ui.perfetto.dev or chrome://tracing.")
    private Path trace;

    @Mixin private KernelChoice kernels;

    @Option(names = {"-q", "--quiet"}, description = "No progress and no summary.")
    private boolean quiet;

    @Override public Integer call() {
        Options options = options();
        Device on = device();
        kernels.apply(on.kind());
        Image photo = ImageFiles.read(in);
        ImageFiles.checkWritable(out);
        long begin = System.nanoTime();
        Image restored;
        String profile = "";
        try (Profile p = trace == null ? null : Profile.start(trace); FaithDiff faithDiff = FaithDiff.open(folder(), on, type(on), offload);
                StepBar bar = StepBar.of(steps, quiet)) {
            restored = faithDiff.restore(photo, options, p == null ? bar : p.and(bar));
            if (p != null) profile = p.end(on);
        }
        ImageFiles.write(restored, out);
        if (!quiet) {
            spec.commandLine().getErr().printf(Locale.ROOT, "%s: %dx%d in %.1f s on %s, peak memory %d MB%n", out, restored.width(),
                    restored.height(), (System.nanoTime() - begin) / 1e9, on.name(), PeakMemory.bytes() >> 20);
        }
        spec.commandLine().getOut().print(profile);
        spec.commandLine().getOut().flush();
        return 0;
    }

    private Options options() {
        try {
            return Options.defaults().withScale(scale).withSteps(steps).withGuidance(guidance).withSeed(seed).withStart(start)
                    .withPrompt(prompt).withNegative(negative).withColorFix(colorFix).withSampler(sampler).withTile(tile)
                    .withVaeTile(vaeTile);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage());
        }
    }

    private Path folder() {
        if (model != null) return model;
        String home = System.getProperty("faithdiff.home");
        if (home == null) throw new IllegalStateException("no --model is given and the property faithdiff.home does not say where the bundled one is");
        return Path.of(home, "models", "faithdiff-mini");
    }

    private Device device() {
        return device.equals("auto") ? Device.CPU : Device.of(device);
    }

    private DType type(Device on) {
        if (dtype == null) return on == Device.CPU ? DType.F32 : DType.F16;
        if (on == Device.CPU && dtype != Precision.F32) {
            throw new ParameterException(spec.commandLine(), "--dtype " + dtype + " is for a GPU; the CPU's kernels compute in f32");
        }
        return DType.valueOf(dtype.name());
    }

    /** Types of activations. */
    private enum Precision {
        F32, F16, BF16;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    /** The samplers' names, for the help. */
    private static final class SamplerNames extends ArrayList<String> {
        SamplerNames() { super(Samplers.names()); }
    }
}
