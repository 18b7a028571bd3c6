package dev.faithdiff.cli;

import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;

import dev.faithdiff.cli.DeviceChoice.Chosen;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.Photo;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Offload;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.batch.Batch;
import dev.faithdiff.restore.batch.Job;
import dev.faithdiff.restore.batch.ResultSettings;
import dev.faithdiff.restore.batch.Worklist;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.KernelTable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Restores one photo, or many photos into a folder. */
@Command(name = "restore", description = "Restore a photo, or many photos into a folder.",
        sortOptions = false, showDefaultValues = true,
        footer = {"", "Exit code: 0 all done, 1 something failed, 2 wrong usage, 130 stopped by Ctrl-C.", "With many photos, a photo whose result "
            + "exists is skipped. A caption beside a photo (photo.txt, or \"caption\" in photo.json) is its prompt."})
final class RestoreCommand implements Callable<Integer> {
    private static final int INTERRUPTED = 130;

    @Spec private CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "IN", description = "The photo: PNG, JPEG, WebP, TIFF or BMP. Or several photos, folders, or "
            + "quoted patterns such as 'album/**/*.jpg'.")
    private List<String> in;

    @Option(names = {"-o", "--output"}, required = true, paramLabel = "OUT", description = "The restored photo: .png, .jpg, .tif or .webp. "
            + "A folder, if there are several inputs or OUT is an existing folder.")
    private Path out;

    @Mixin private ModelChoice model;

    @Mixin private OptionFlags flags;

    @Mixin private DeviceChoice device;

    @Option(names = "--dtype", paramLabel = "NAME", description = "The type in which a GPU computes: ${COMPLETION-CANDIDATES} (default: f16). "
            + "Sums are in f32. The CPU computes in f32 only.")
    private Precision dtype;

    @Option(names = "--offload", paramLabel = "NAME", description = "Which weights leave the GPU's memory while they are not needed: "
            + "${COMPLETION-CANDIDATES}. stages: whole networks. blocks: also parts of the U-Net, in each step. auto: as few as the memory allows.")
    private Offload offload = Offload.AUTO;

    @Option(names = "--profile", paramLabel = "FILE", description = "For one photo: print where the time went, and write a trace (.json) "
            + "for https://ui.perfetto.dev or chrome://tracing.")
    private Path trace;

    @Mixin private KernelChoice kernels;

    @Option(names = "--preview", paramLabel = "PATH", description = "For one photo: write previews of the result while it is restored. PATH is "
            + "an image file, which each preview replaces, or a folder (a name without extension), which gets all of them.")
    private Path preview;

    @Option(names = "--preview-every", paramLabel = "N", description = "Steps from one preview to the next. Each preview costs a decoding.")
    private int previewEvery = 5;

    @Option(names = "--resume", description = "Save every step in OUT.resume, and go on from that file if it exists. It is deleted at "
            + "the end.")
    private boolean resume;

    @Option(names = "--no-metadata", description = "Write neither the photo's EXIF, XMP and resolution nor the settings into the "
            + "result. The colour profile is always written.")
    private boolean noMetadata;

    @Mixin private BatchOptions many;

    @Option(names = {"-q", "--quiet"}, description = "Show no progress, no warnings and no summary.")
    private boolean quiet;

    @Override public Integer call() {
        flags.check();
        boolean isMany = Worklist.isMany(in) || Files.isDirectory(out);
        if (!isMany && many.isOfFolders()) throw usage("--overwrite and --format are for folders");
        if (!isMany && Worklist.isSame(Path.of(in.getFirst()), out)) throw usage("writing " + out + " would replace the photo that is to be read");
        if (isMany || many.isUsed()) return restoreMany(isMany);
        return restoreOne(Path.of(in.getFirst()));
    }

    private int restoreOne(Path in) {
        Chosen chosen = device();
        Device on = chosen.device();
        KernelTable table = kernels.table(on.kind());
        Photo photo = ImageFiles.readPhoto(in);
        ImageFiles.checkWritable(out);
        long begin = System.nanoTime();
        Restored restored;
        String profile = "";
        Path state = resume ? Batch.resumeFile(out) : null;
        try (Interrupt _ = new Interrupt()) {
            try (Profile p = trace == null ? null : new Profile(trace)) {
                Supplier<Restored> work = () -> restored(photo.image(), on, p == null ? Listener.NONE : p.stages(), state);
                restored = Engine.onKernels(table, () -> p == null ? work.get() : Engine.observed(p, work));
                if (p != null) profile = p.end(on);
            } catch (CancellationException e) {
                new Warnings(spec.commandLine().getErr()).warn("stopped; " + (state != null && Files.exists(state)
                        ? "the same command resumes from " + state : "nothing was written"));
                return INTERRUPTED;
            }
        }
        ImageFiles.write(Batch.result(photo, restored.image, restored.settings, !noMetadata), out);
        if (resume) state.toFile().delete();
        if (!quiet) {
            spec.commandLine().getErr().printf(Locale.ROOT, "%s: %dx%d in %.1f s on %s, peak memory %d MB%s%n", out, restored.image.width(),
                    restored.image.height(), (System.nanoTime() - begin) / 1e9, on.name(), PeakMemory.bytes() >> 20, chosen.ending());
        }
        spec.commandLine().getOut().print(profile);
        spec.commandLine().getOut().flush();
        return 0;
    }

    private record Restored(Image image, ResultSettings settings) {}

    /** Opens the model, restores one photo, and closes the model. */
    private Restored restored(Image photo, Device on, Listener first, Path state) {
        try (Restorer restorer = restorer(on)) {
            ResultSettings settings = settings(restorer);
            return new Restored(restore(photo, restorer, settings.options(), first, state), settings);
        }
    }

    /** Restores many photos, or one that is reported like many. */
    private int restoreMany(boolean intoFolder) {
        if (trace != null || preview != null) throw usage("--profile and --preview are for one photo, and go without --log and --progress");
        List<Job> jobs = intoFolder ? jobs() : List.of(new Job(Path.of(in.getFirst()), out));
        Chosen chosen = device();
        return Engine.onKernels(kernels.table(chosen.device().kind()), () -> restoreMany(jobs, chosen, many.overwrite() || !intoFolder));
    }

    private int restoreMany(List<Job> jobs, Chosen chosen, boolean overwrite) {
        try (Report report = many.report(quiet, spec.commandLine(), jobs.size()); Interrupt _ = new Interrupt();
                Restorer restorer = restorer(chosen.device())) {
            Batch batch = new Batch(restorer, settings(restorer), !noMetadata, overwrite, resume, report);
            boolean stopped = batch.run(jobs);
            report.end(stopped, chosen);
            return stopped ? INTERRUPTED : report.failed() ? 1 : 0;
        }
    }

    private List<Job> jobs() {
        if (ImageFiles.isPhoto(out) && !Files.isDirectory(out)) throw usage(out + " is named like a photo, but many photos need a folder");
        try {
            return Worklist.of(in, out, many.format());
        } catch (IllegalArgumentException e) {
            throw usage(e.getMessage());
        }
    }

    private ParameterException usage(String message) { return new ParameterException(spec.commandLine(), message); }

    /** Checks the options once, before any photo. @throws IllegalArgumentException if the restorer refuses one */
    private ResultSettings settings(Restorer restorer) {
        Options options = flags.of(restorer);
        restorer.check(options);
        return new ResultSettings(model.names(), model.digests(), options, restorer.options());
    }

    private Image restore(Image photo, Restorer restorer, Options options, Listener first, Path state) {
        if (preview != null && !restorer.options().contains(STEPS)) throw usage("this model has no steps, so it has no previews");
        try (StepBar bar = StepBar.of(options.get(STEPS), quiet)) {
            Listener all = preview == null ? first.and(bar) : first.and(bar).and(PreviewFiles.to(preview, previewEvery, options.get(STEPS)));
            return restorer.restore(photo, options, quiet ? all : all.and(new Warnings(spec.commandLine().getErr())), state);
        }
    }

    private Restorer restorer(Device on) { return model.open(new Compute(on, type(on), offload)); }

    private Chosen device() {
        Consumer<String> warn = quiet ? line -> {} : new Warnings(spec.commandLine().getErr())::warn;
        return device.open(dtype == null ? DType.F16 : DType.valueOf(dtype.name()), warn);
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
}
