package dev.faithdiff.cli;

import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** Options for many photos. */
final class BatchOptions {
    /** Formats of the results, as file extensions. */
    enum Format {
        PNG, JPG, TIF, WEBP;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    @Option(names = "--format", paramLabel = "NAME", description = "For folders: file format of all results: ${COMPLETION-CANDIDATES} "
            + "(default: each photo's own; png for BMP).")
    private Format format;

    @Option(names = "--overwrite", description = "For folders: also restore photos whose results exist.")
    private boolean overwrite;

    @Option(names = "--log", paramLabel = "FILE", description = "Append a line of JSON for each photo to this file.")
    private Path log;

    @Option(names = "--progress", paramLabel = "NAME", description = "How progress is shown: ${COMPLETION-CANDIDATES}. json: as lines of JSON on "
            + "stdout (default: bar).")
    private Report.Mode progress;

    boolean isUsed() { return isOfFolders() || log != null || progress != null; }

    boolean isOfFolders() { return format != null || overwrite; }

    /** The extension of all results; null: each photo's own. */
    String format() { return format == null ? null : format.toString(); }

    boolean overwrite() { return overwrite; }

    Report report(boolean quiet, CommandLine line, int files) {
        Report.Mode mode = progress != null ? progress : quiet ? Report.Mode.NONE : Report.Mode.BAR;
        return new Report(mode, line.getOut(), line.getErr(), log, files);
    }
}
