package dev.faithdiff.cli;

import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** What lists of photos need, as options of a command. */
final class BatchOptions {
    /** Formats of the outputs, as extensions. */
    enum Format {
        PNG, JPG, TIF, WEBP;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    @Option(names = "--format", paramLabel = "NAME", description = "In folders: what all photos are written as: ${COMPLETION-CANDIDATES} "
            + "(default: each as it was, BMP as png).")
    private Format format;

    @Option(names = "--overwrite", description = "In folders: also restore photos that are there already.")
    private boolean overwrite;

    @Option(names = "--log", paramLabel = "FILE", description = "Add a line of JSON for each photo to this file.")
    private Path log;

    @Option(names = "--progress", paramLabel = "NAME", description = "How progress is shown: ${COMPLETION-CANDIDATES} (json: lines on stdout).")
    private Report.Mode progress;

    boolean isUsed() { return isOfFolders() || log != null || progress != null; }

    boolean isOfFolders() { return format != null || overwrite; }

    /** The extension to write; null: each photo's own. */
    String format() { return format == null ? null : format.toString(); }

    boolean overwrite() { return overwrite; }

    Report report(boolean quiet, CommandLine line, int files) {
        Report.Mode mode = progress != null ? progress : quiet ? Report.Mode.NONE : Report.Mode.BAR;
        return new Report(mode, line.getOut(), line.getErr(), log, files);
    }
}
