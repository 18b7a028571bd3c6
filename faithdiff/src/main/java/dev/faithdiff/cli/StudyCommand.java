package dev.faithdiff.cli;

import dev.faithdiff.quality.study.Study;
import dev.faithdiff.quality.study.StudyRun;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Compute.NumberType;
import dev.faithdiff.restore.Offload;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Engine;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Compares systems on photos, degradations and measures. */
@Command(name = "study", sortOptions = false, description = "Compare systems on photos that are degraded in several ways, by several measures.",
        subcommands = LevelsCommand.class,
        footer = {"", "DIR gets the report (report.md, report.html), all values (cells.csv, times.csv), contact sheets and plots.",
            "A study that was killed goes on where it was: give the same command again. See docs/studies.md."})
final class StudyCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "STUDY.json", description = "The study file: which photos, degradations, systems "
            + "and measures. The folder studies has some.")
    private Path file;

    @Option(names = {"-o", "--output"}, paramLabel = "DIR", description = "Folder for everything that the study writes.")
    private Path out;

    @Option(names = "--photos", paramLabel = "DIR", description = "Folder of photos, in place of the file's own.")
    private Path photos;

    @Option(names = "--count", paramLabel = "N", description = "How many photos are used, spread evenly over the folder (default: "
            + "the file's, else all).")
    private Integer count;

    @Option(names = "--retry", description = "Do cells that failed again.")
    private boolean retries;

    @Mixin private DeviceChoice device;

    @Override public Integer call() {
        if (file == null || out == null) throw new ParameterException(spec.commandLine(), "a study file and a folder (-o DIR) are needed");
        if (count != null && count < 1) throw new ParameterException(spec.commandLine(), "--count must be at least 1, not " + count);
        Study study = Study.read(file, new Study.Replaced(photos, count == null ? 0 : count));
        Warnings remarks = new Warnings(spec.commandLine().getErr());
        Device on = device.open(DType.F32, remarks::warn).device();
        StudyRun run = new StudyRun(study, out, new Compute(on, NumberType.F32, Offload.NONE, List.of(), true), remarks::warn);
        spec.commandLine().getOut().println(Engine.exactly(() -> run.run(retries)));
        return 0;
    }
}
