package dev.faithdiff.cli;

import static dev.faithdiff.restore.CommonOptions.SEED;

import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.OutputFile;
import dev.faithdiff.report.ReportedModel;
import dev.faithdiff.report.ReportingListener;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.batch.Batch;
import dev.faithdiff.restore.batch.BatchListener;
import dev.faithdiff.restore.batch.Job;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** Options for the pages that show what a restoration did. */
final class ReportOptions {
    static final String NO_SEEDS = "this model draws no random numbers, so it has no seeds to try";

    @Option(names = "--report", paramLabel = "DIR", description = "Write a page for each photo into this folder: before and after, figures, where it "
            + "may be wrong, and hashes for 'faithdiff verify-result'.")
    private Path folder;

    @Option(names = "--report-seeds", paramLabel = "N", description = "With --report: restore each photo with N further seeds, to show what changes "
            + "with them.")
    private int seeds;

    boolean isAsked() { return folder != null; }

    /** @throws IllegalArgumentException in one line, if the options do not fit together or to the photos */
    void check(List<Job> jobs) {
        if (seeds < 0 || seeds > 0 && !isAsked()) throw new IllegalArgumentException("--report-seeds is at least 0, and goes with --report");
        if (isAsked() && jobs.stream().anyMatch(j -> j.isStreamed() || j.in().equals(Job.STREAM))) {
            throw new IllegalArgumentException("--report needs photos and results that are files");
        }
    }

    /** A listener that also writes pages; the given one where none were asked for. */
    BatchListener listener(BatchListener inner, ModelChoice model, Compute on, Restorer restorer, Batch.Rules rules) {
        if (!isAsked()) return inner;
        if (seeds > 0 && !restorer.options().contains(SEED)) throw new IllegalArgumentException(NO_SEEDS);
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new ImageError("cannot make the folder " + folder + ": " + ImageFiles.reason(e), e);
        }
        OutputFile.checkWritable(folder.resolve("page.html"));
        ReportedModel reported = new ReportedModel(model.asked(), ReportedModel.sums(model.files()), on, model.calibration());
        return new ReportingListener(inner, folder, seeds, reported, restorer, rules);
    }
}
