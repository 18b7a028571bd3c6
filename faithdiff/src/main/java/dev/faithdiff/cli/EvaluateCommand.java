package dev.faithdiff.cli;

import dev.faithdiff.Options;
import dev.faithdiff.Restorer;
import dev.faithdiff.image.ImageFiles;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.train.Quality;
import dev.faithdiff.train.RunFile;
import dev.faithdiff.train.Validation;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Measures a model on photos that are degraded and restored, as training does on those it never learns from. */
@Command(name = "evaluate", description = "Measure a model: crops from the middle of good photos are degraded, enlarged (bicubic) and restored.",
        sortOptions = false, showDefaultValues = true)
final class EvaluateCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "PHOTOS", description = "Folder of good photos.")
    private Path photos;

    @Mixin private ModelChoice model;

    @Option(names = {"-o", "--output"}, paramLabel = "OUT", description = "Rows of photos: degraded, through the autoencoder, restored, good.")
    private Path out;

    @Option(names = "--photos", paramLabel = "N", description = "How many, spread over the folder (default: all).")
    private int count = Integer.MAX_VALUE;

    @Option(names = "--crop", paramLabel = "N", description = "Side of the crops in pixels.")
    private int crop = 256;

    @Option(names = "--recipe", paramLabel = "NAME", description = "How they are degraded, see 'faithdiff degrade --help'.")
    private String recipe = "mini";

    @Mixin private RestoreOptions restore;

    @Mixin private DeviceChoice device;

    @Override public Integer call() {
        restore.options(); // refuses wrong values before anything is opened
        if (out != null) ImageFiles.checkWritable(out);
        Device on = device.open(DType.F32, new Remarks(spec.commandLine().getErr())::warn).device();
        Options options;
        try (Restorer restorer = Restorer.open(model.folder(), on)) {
            options = restore.options(restorer);
        }
        Validation validation = new Validation(new RunFile.Held(photos.toString(), count, crop, recipe, options.scale(), options.steps()), options);
        Quality q = validation.measure(0, 0, model.folder(), on, true, out);
        print("| mean of %d crops of %dx%d, recipe %s, %d times smaller | PSNR | SSIM |", validation.size(), crop, crop, recipe, options.scale());
        print("|---|---|---|");
        print("| degraded, enlarged (bicubic) | %.2f | %.4f |", q.bicubic().psnr(), q.bicubic().ssim());
        print("| good, through the autoencoder | %.2f | %.4f |", q.vae().psnr(), q.vae().ssim());
        print("| restored, %d steps, colour fix %s | %.2f | %.4f |", options.steps(), options.colorFix(), q.restored().psnr(), q.restored().ssim());
        return 0;
    }

    private void print(String line, Object... numbers) { spec.commandLine().getOut().printf(Locale.ROOT, line + "%n", numbers); }
}
