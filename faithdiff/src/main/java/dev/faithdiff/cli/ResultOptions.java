package dev.faithdiff.cli;

import dev.faithdiff.image.file.Encoding;
import dev.faithdiff.image.file.ImageFormat;
import dev.faithdiff.restore.batch.Batch;
import dev.faithdiff.restore.batch.Worklist;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** Options for the results' files, and for what is said about them. */
public final class ResultOptions {
    /** Formats of the results, as people name them. */
    enum Format {
        PNG(ImageFormat.PNG), JPG(ImageFormat.JPEG), JPEG(ImageFormat.JPEG), TIF(ImageFormat.TIFF), TIFF(ImageFormat.TIFF), WEBP(ImageFormat.WEBP);

        private final ImageFormat format;

        Format(ImageFormat format) { this.format = format; }

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    @Option(names = "--format", paramLabel = "NAME", description = "File format of the results: ${COMPLETION-CANDIDATES} (default: as OUT is named; "
            + "in a folder each photo's own; else png).")
    private Format format;

    @Option(names = "--jpeg-quality", paramLabel = "N", description = "Quality of JPEG results, 1 to 100.")
    private int jpegQuality = Encoding.INITIAL_JPEG_QUALITY;

    @Option(names = "--seeds", paramLabel = "N", split = ",", showDefaultValue = CommandLine.Help.Visibility.NEVER,
            description = "One result for each of these seeds, named with it: OUT-seed1.png.")
    private List<Long> seeds = List.of();

    @Option(names = {"--overwrite", "--force"}, description = "Replace results that exist. Without this they stay: a folder's photo is skipped, "
            + "and one photo alone is refused.")
    private boolean overwrite;

    @Option(names = "--strict", description = "Refuse damaged photos. Without this they are restored as far as they can be read.")
    private boolean strict;

    @Option(names = "--no-metadata", description = "Write neither the photo's EXIF, XMP and resolution nor the settings into the "
            + "result. The colour profile is always written.")
    private boolean noMetadata;

    @Option(names = "--log", paramLabel = "FILE", description = "Append a line of JSON for each photo to this file.")
    private Path log;

    @Option(names = "--progress", paramLabel = "NAME", description = "How progress is shown: ${COMPLETION-CANDIDATES}. bar: also as lines, where "
            + "stderr is no terminal. json: as lines of JSON on stdout (default: bar).")
    private Report.Mode progress;

    @Option(names = "--json", description = "Print each result as a line of JSON on stdout, as --log keeps it.")
    private boolean json;

    /** @throws IllegalArgumentException if a value is out of range */
    public Worklist worklist(List<String> in, Path out) {
        if (jpegQuality < 1 || jpegQuality > 100) throw new IllegalArgumentException("--jpeg-quality must be 1..100, not " + jpegQuality);
        if (json && isJson()) throw new IllegalArgumentException("--json gives results, --progress json all that happens; leave one out");
        return new Worklist(in, out, format == null ? null : format.format, jpegQuality, seeds);
    }

    /** @param resume whether each step is saved */
    public Batch.Rules rules(boolean resume) { return new Batch.Rules(!noMetadata, overwrite, resume, strict); }

    /** Whether one photo is reported like many. */
    public boolean isReported() { return log != null || progress != null || json; }

    boolean isJson() { return progress == Report.Mode.JSON; }

    /** Whether results are printed. */
    boolean isResults() { return json; }

    Report report(boolean quiet, CommandLine line, int files) {
        Report.Mode mode = progress != null ? progress : quiet ? Report.Mode.NONE : Report.Mode.BAR;
        return new Report(mode, json, line.getOut(), line.getErr(), log, files);
    }
}
