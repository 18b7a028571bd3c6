package dev.faithdiff.cli;

import dev.faithdiff.Listener;
import dev.faithdiff.Offload;
import dev.faithdiff.Options;
import dev.faithdiff.Restorer;
import dev.faithdiff.TwoStages;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageFiles;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
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

    @Option(names = "--initial", paramLabel = "DIR", description = "Folder of an RRDBNet (BSRNet, Real-ESRGAN) that cleans the photo first.")
    private Path initial;

    @Mixin private RestoreOptions restore;

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

    @Option(names = "--preview", paramLabel = "PATH", description = "Write what the result will look like while it is made: a picture that is "
            + "replaced, or a folder with a picture of each time.")
    private Path preview;

    @Option(names = "--preview-every", paramLabel = "N", description = "Steps from one preview to the next; each costs a decoding.")
    private int previewEvery = 5;

    @Option(names = "--resume", description = "Save every step beside the output, as OUT.resume, and go on from there if the file exists; it is "
            + "deleted at the end.")
    private boolean resume;

    @Option(names = {"-q", "--quiet"}, description = "No progress, no remarks and no summary.")
    private boolean quiet;

    @Override public Integer call() {
        Options options = restore.options();
        Device on = device();
        kernels.apply(on.kind());
        Image photo = ImageFiles.read(in);
        ImageFiles.checkWritable(out);
        long begin = System.nanoTime();
        Image restored;
        String profile = "";
        Path state = resume ? out.resolveSibling(out.getFileName() + ".resume") : null;
        try (Profile p = trace == null ? null : Profile.start(trace); Restorer restorer = restorer(on);
                StepBar bar = StepBar.of(options.steps(), quiet); Interrupt interrupt = new Interrupt()) {
            Listener listener = listener(bar);
            restored = restorer.restore(photo, restore.scaled(options, restorer), p == null ? listener : p.stages().and(listener), state);
            if (p != null) profile = p.end(on);
        }
        ImageFiles.write(restored, out);
        if (resume) state.toFile().delete();
        if (!quiet) {
            spec.commandLine().getErr().printf(Locale.ROOT, "%s: %dx%d in %.1f s on %s, peak memory %d MB%n", out, restored.width(),
                    restored.height(), (System.nanoTime() - begin) / 1e9, on.name(), PeakMemory.bytes() >> 20);
        }
        spec.commandLine().getOut().print(profile);
        spec.commandLine().getOut().flush();
        return 0;
    }

    private Listener listener(StepBar bar) {
        Listener all = preview == null ? bar : bar.and(PreviewFiles.to(preview, previewEvery));
        return quiet ? all : all.and(new Remarks(spec.commandLine().getErr()));
    }

    private Restorer restorer(Device on) {
        return initial == null ? Restorer.open(folder(), on, type(on), offload) : TwoStages.open(initial, folder(), on, type(on), offload);
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
}
