package dev.faithdiff.cli;

import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.WRAP;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.OutputFile;
import dev.faithdiff.model.Checksums;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.quality.trust.Calibration;
import dev.faithdiff.quality.trust.Plane;
import dev.faithdiff.quality.trust.TrustPhotos;
import dev.faithdiff.quality.trust.TrustScore;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Compute.NumberType;
import dev.faithdiff.restore.Offload;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.batch.ResultSettings;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.train.RunFile;
import dev.faithdiff.train.Validation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Makes the calibration of a model's trust mask, or holds one to other photos. */
@Command(name = "calibrate", sortOptions = false, showDefaultValues = true,
        description = "Make the calibration behind the trust mask of 'restore --report': degrade good photos, restore them, and see how "
                + "large errors get.",
        footer = {"", "The promise holds for photos like these, degraded so, restored with the same model and options: docs/report.md."})
final class CalibrateCommand implements Callable<Integer> {
    private static final double[] ALPHAS = {0.05, 0.08, 0.1, 0.15, 0.2, 0.25};

    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "PHOTOS", description = "Folder of good photos, of which the model should not have learned. The crops "
            + "are from their middle.")
    private Path photos;

    @Mixin private ModelChoice model;

    @Option(names = {"-o", "--output"}, paramLabel = "FILE", description = "Write the calibration here (default: " + ModelFolder.CALIBRATION
            + " in the model's folder).")
    private Path out;

    @Option(names = "--check", description = "Write nothing; hold the model's calibration, or that of -o, to these photos.")
    private boolean checks;

    @Option(names = "--photos", paramLabel = "N", showDefaultValue = Visibility.NEVER,
            description = "How many photos are used, spread evenly over the folder (default: all).")
    private int count = Integer.MAX_VALUE;

    @Option(names = "--crop", paramLabel = "N", description = "Side of the crops in pixels; smaller photos are left out.")
    private int crop = 512;

    @Option(names = "--recipe", paramLabel = "NAME", description = "How crops are degraded; see 'faithdiff degrade --help'.")
    private String recipe = "mini";

    @Option(names = "--calibrate-seeds", paramLabel = "N", description = "Restore each photo with N further seeds, and let the score count "
            + "what changes with them. Pages then need --report-seeds N.")
    private int seeds;

    @Mixin private OptionFlags flags;

    @Mixin private DeviceChoice device;

    @Override public Integer call() throws IOException {
        flags.check();
        if (seeds < 0) throw new ParameterException(spec.commandLine(), "--calibrate-seeds must be at least 0, not " + seeds);
        Path file = out == null ? model.folder().resolve(ModelFolder.CALIBRATION) : out;
        Calibration known = checks ? Calibration.read(file) : null;
        if (known == null) OutputFile.checkWritable(file);
        if (known != null) {
            seeds = known.seeds();
            crop = known.side();
        }
        Warnings remarks = new Warnings(spec.commandLine().getErr());
        Device on = device.open(DType.F32, remarks::warn).device();
        TrustPhotos restored = new TrustPhotos(true);
        Map<String, Object> made;
        try (Restorer restorer = new CountedRestorer(model.open(new Compute(on, NumberType.F32, Offload.NONE, model.loras(), false)),
                spec.commandLine().getErr())) {
            Options options = flags.of(restorer);
            restorer.check(options);
            if (seeds > 0 && !restorer.options().contains(SEED)) throw new ParameterException(spec.commandLine(), ReportOptions.NO_SEEDS);
            made = made(new ResultSettings(model.names(), model.digests(), options, restorer.options()));
            Validation crops = new Validation(new RunFile.ValidationData(photos.toString(), count, crop, recipe, ResultSize.wholeScale(options), 0));
            if (!crops.tooSmall().isEmpty()) remarks.warn(crops.tooSmall().size() + " photos are smaller than the crops");
            crops.each((clean, small) -> add(restored, restorer, options, clean, small));
        }
        if (restored.size() == 0) throw new ModelError(photos, "has no photo as large as the crops");
        Calibration calibration = known == null ? restored.calibration(made, crop, seeds) : known;
        if (known == null) write(calibration, file);
        print(calibration, restored);
        return 0;
    }

    private void add(TrustPhotos all, Restorer restorer, Options options, Image clean, Image small) {
        Image result = restorer.restore(small, options), enlarged = ResultSize.of(options, small).resized(small, options.get(WRAP));
        List<Image> tried = new ArrayList<>(List.of(result));
        for (int k = 1; k <= seeds; k++) tried.add(restorer.restore(small, options.with(SEED, options.get(SEED) + k)));
        all.add(TrustScore.of(result, enlarged, seeds == 0 ? null : Plane.deviation(tried)), result, clean);
    }

    private Map<String, Object> made(ResultSettings settings) {
        Map<String, Object> made = new TreeMap<>(settings.values());
        made.put("recipe", recipe);
        return made;
    }

    private void write(Calibration calibration, Path file) throws IOException {
        calibration.write(file);
        Path folder = file.toAbsolutePath().getParent();
        boolean isPart = file.getFileName().toString().equals(ModelFolder.CALIBRATION) && Files.exists(folder.resolve(Checksums.FILE));
        if (isPart) Checksums.add(folder, ModelFolder.CALIBRATION);
    }

    private void print(Calibration calibration, TrustPhotos restored) {
        String of = checks ? restored.size() + " photos that it was not made of" : "the " + restored.size() + " photos that it was made of";
        line("calibrated on " + calibration.photos() + " photos; means over " + of + ":");
        line("| error chosen | score at most | trusted | largest error inside | inside a random mask of this size | anywhere |");
        line("|---|---|---|---|---|---|");
        for (double alpha : ALPHAS) {
            TrustPhotos.Check c = restored.check(calibration, alpha);
            line(String.format(Locale.ROOT, "| %.2f | %s | %.1f %% | %.3f | %.3f | %.3f |", alpha, c.threshold() < 0 ? "none" : "" + c.threshold(),
                    100 * c.share(), c.largest(), c.random(), c.anywhere()));
        }
    }

    private void line(String text) {
        spec.commandLine().getOut().println(text);
        spec.commandLine().getOut().flush();
    }
}
