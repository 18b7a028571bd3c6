package dev.faithdiff.cli;

import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** Options for what is said about the photos of a list. */
final class ProgressOptions {
    @Option(names = "--log", paramLabel = "FILE", description = "Append a line of JSON for each photo to this file.")
    private Path log;

    @Option(names = "--progress", paramLabel = "NAME", description = "How progress is shown: ${COMPLETION-CANDIDATES}. bar: also as lines, where "
            + "stderr is no terminal. json: as lines of JSON on stdout (default: bar).")
    private Report.Mode progress;

    /** Whether one photo is reported like many. */
    boolean isReported() { return log != null || progress != null; }

    boolean isJson() { return progress == Report.Mode.JSON; }

    Report report(boolean quiet, CommandLine line, int files) {
        Report.Mode mode = progress != null ? progress : quiet ? Report.Mode.NONE : Report.Mode.BAR;
        return new Report(mode, line.getOut(), line.getErr(), log, files);
    }
}
