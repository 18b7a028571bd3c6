package dev.faithdiff.cli;


import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Compute.NumberType;
import dev.faithdiff.restore.Offload;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.train.QualityRecord;
import dev.faithdiff.train.RunFile;
import dev.faithdiff.train.Validation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Measures how well a model restores degraded photos, at several sizes. */
@Command(name = "evaluate",
        description = "Measure a model. It restores degraded crops of good photos, which are compared with the good ones.",
        sortOptions = false, showDefaultValues = true)
final class EvaluateCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "PHOTOS", description = "Folder of good photos. The crops are from their middle.")
    private Path photos;

    @Mixin private ModelChoice model;

    @Option(names = {"-o", "--output"}, paramLabel = "OUT", description = "Also write a picture with a row for each photo: degraded, encoded and "
            + "decoded by the autoencoder, restored, good.")
    private Path out;

    @Option(names = "--photos", paramLabel = "N", description = "How many photos are used, spread evenly over the folder (default: all).")
    private Integer count;

    @Option(names = "--crop", paramLabel = "N", split = ",", defaultValue = "256,576", description = "Sides of the crops in pixels. Each "
            + "side is measured separately; photos smaller than the crop are left out.")
    private int[] crops;

    @Option(names = "--recipe", paramLabel = "NAME", description = "How crops are degraded; see 'faithdiff degrade --help'.")
    private String recipe = "mini";

    @Mixin private OptionFlags flags;

    @Mixin private DeviceChoice device;

    @Override public Integer call() {
        flags.check();
        if (out != null) ImageFiles.checkWritable(out);
        Warnings remarks = new Warnings(spec.commandLine().getErr());
        Device on = device.open(DType.F32, remarks::warn).device();
        Compute compute = new Compute(on, NumberType.F32, Offload.NONE, model.loras(), false);
        try (Restorer restorer = new CountedRestorer(model.open(compute), spec.commandLine().getErr())) {
            Options options = flags.of(restorer);
            restorer.check(options);
            measure(restorer, options, remarks);
        }
        return 0;
    }

    private void measure(Restorer restorer, Options options, Warnings remarks) {
        List<String> sizes = new ArrayList<>(), leftOut = new ArrayList<>();
        List<QualityRecord> columns = new ArrayList<>();
        int scale = ResultSize.wholeScale(options), most = count == null ? Integer.MAX_VALUE : count;
        for (int crop : crops) {
            Validation v = new Validation(new RunFile.ValidationData(photos.toString(), most, crop, recipe, scale, 0));
            String size = crop + "x" + crop;
            int small = v.tooSmall().size();
            if (small > 0) leftOut.add(small + " of " + (v.size() + small) + " photos are too small for crops of " + size);
            if (v.size() == 0) continue;
            sizes.add(size + " (mean of " + v.size() + ")");
            columns.add(v.measure(0, 0, restorer, options, sheet(crop)));
        }
        if (columns.isEmpty()) throw new ImageError(photos + ": no photo is as large as the crops");
        leftOut.forEach(remarks::warn);
        print("| mean PSNR (RGB), SSIM and detail (luma); recipe " + recipe + ", " + scale + " times smaller |", sizes);
        print("|---|", sizes.stream().map(_ -> "---").toList());
        row("degraded, enlarged (bicubic)", columns, QualityRecord::bicubic);
        row("good, through the autoencoder", columns, QualityRecord::vae);
        row("restored", columns, QualityRecord::restored);
    }

    /** The picture of one size of crops. With several sizes each has a picture of its own. */
    private Path sheet(int crop) {
        if (out == null || crops.length == 1) return out;
        String name = out.getFileName().toString();
        int dot = name.lastIndexOf('.');
        return out.resolveSibling(name.substring(0, dot) + "-" + crop + name.substring(dot));
    }

    private void row(String what, List<QualityRecord> columns, Function<QualityRecord, QualityRecord.Near> of) {
        List<QualityRecord.Near> all = columns.stream().map(of).toList();
        if (all.getFirst() == null) return;
        print("| " + what + " |", all.stream().map(n -> String.format(Locale.ROOT, "%.2f dB, %.4f, %.2f", n.psnr(), n.ssim(), n.detail())).toList());
    }

    private void print(String first, List<String> cells) {
        spec.commandLine().getOut().println(first + cells.stream().map(c -> " " + c + " |").collect(Collectors.joining()));
    }
}
