package dev.faithdiff.cli;

import dev.faithdiff.quality.study.LevelRows;
import dev.faithdiff.quality.study.LevelSearch;
import dev.faithdiff.quality.study.Study;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Compute.NumberType;
import dev.faithdiff.restore.Offload;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Looks for the losses of levels that are not published. */
@Command(name = "calibrate-levels", sortOptions = false, description = "Look for blur, noise, JPEG and a second pass that make published "
        + "systems give their published values, and print what is left between the two.",
        footer = {"", "studies/levels has the rows of FaithDiff's table 1.",
            "A search that was killed goes on where it was: give the same command again."})
final class LevelsCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "LEVELS.json", description = "The photos, systems and measures of a study, and the rows that are to come out.")
    private Path file;

    @Option(names = {"-o", "--output"}, required = true, paramLabel = "DIR", description = "Folder for the report (calibration.md) and all cells.")
    private Path out;

    @Option(names = "--photos", paramLabel = "DIR", description = "Folder of photos, in place of the file's own.")
    private Path photos;

    @Option(names = "--count", paramLabel = "N", description = "How many photos are used, spread evenly over the folder (default: "
            + "the file's, else all).")
    private Integer count;

    @Option(names = "--most", paramLabel = "N", showDefaultValue = Visibility.ALWAYS, description = "After how many tries a level's search ends.")
    private int most = 100;

    @Mixin private DeviceChoice device;

    @Override public Integer call() throws IOException {
        if (count != null && count < 1) throw usage("--count must be at least 1, not " + count);
        if (most < 1) throw usage("--most must be at least 1, not " + most);
        LevelRows levels = LevelRows.read(file, new Study.Replaced(photos, count == null ? 0 : count));
        Warnings remarks = new Warnings(spec.commandLine().getErr());
        Device on = device.open(DType.F32, remarks::warn).device();
        LevelSearch run = new LevelSearch(levels, out, new Compute(on, NumberType.F32, Offload.NONE, List.of(), true), most, remarks::warn);
        Path report = Engine.exactly(run::run);
        spec.commandLine().getOut().print(Files.readString(report));
        spec.commandLine().getOut().println(report);
        return 0;
    }

    private ParameterException usage(String message) { return new ParameterException(spec.commandLine(), message); }
}
