package dev.faithdiff.cli;

import dev.faithdiff.image.file.OutputFile;
import dev.faithdiff.kernels.lab.Table;
import dev.faithdiff.quality.Better;
import dev.faithdiff.quality.FolderDistance;
import dev.faithdiff.quality.Measure;
import dev.faithdiff.quality.MeasureError;
import dev.faithdiff.quality.Measures;
import dev.faithdiff.quality.Measures.Entry;
import dev.faithdiff.quality.Pristine;
import dev.faithdiff.quality.ocr.TextReader;
import dev.faithdiff.quality.ocr.Word;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Measures photos, alone or beside references. */
@Command(name = "measure", sortOptions = false, showDefaultValues = true,
        description = "Measure photos by the numbers of papers, alone or beside a reference of the same size: PSNR, SSIM, NIQE and others.")
final class MeasureCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(index = "0", arity = "0..1", paramLabel = "A", description = "A photo or a folder of photos.")
    private Path a;

    @Parameters(index = "1", arity = "0..1", paramLabel = "B", description = "The reference of the photo, or the folder of the references, whose "
            + "files have the names of A's, in any format.")
    private Path b;

    @Option(names = "--only", paramLabel = "NAME", split = ",", description = "Only these measures. By default all that fit, without those that "
            + "--list calls 'on request'. fid and kid compare two folders as a whole.")
    private List<String> only;

    @Option(names = "--list", description = "List all measures: which way is better, whether a reference is needed, what is missing.")
    private boolean list;

    @Option(names = "--border", paramLabel = "N", description = "Pixels that are cut off each side first.")
    private int border;

    @Option(names = "--json", description = "Print JSON in place of the table.")
    private boolean json;

    @Option(names = "--csv", paramLabel = "FILE", description = "Also write all values to a file.")
    private Path csv;

    @Option(names = "--niqe-model", paramLabel = "FILE", description = "Other parameters of NIQE: MATLAB 5, .npz, or JSON of 'quality fit-niqe'.")
    private Path niqe;

    @Option(names = "--ocr", paramLabel = "COMMAND", description = "The command that recognises text and prints Tesseract's TSV. "
            + TextReader.IMAGE + " stands for the photo.")
    private String ocr = TextReader.INITIAL;

    @Option(names = "--words", paramLabel = "FILE", description = "The words in the photo, for ocr-...: a JSON list of text and box. Without "
            + "it those that are read in the reference count.")
    private Path words;

    @Option(names = "--weights", paramLabel = "DIR", showDefaultValue = Visibility.NEVER,
            description = "The folder that holds the networks of measures, each as 'convert --metric' makes it (default: models/measures).")
    private Path weights;

    @Mixin private DeviceChoice device;

    @Override public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        Warnings warnings = new Warnings(spec.commandLine().getErr());
        Pristine pristine = niqe == null ? Pristine.published() : Pristine.read(niqe);
        Path networks = weights == null ? Measures.Setup.usualWeights() : weights;
        if (weights != null && !Files.isDirectory(weights)) throw usage("--weights: there is no folder " + weights);
        Device on = Files.isDirectory(networks) && !list ? device.open(DType.F32, warnings::warn).device() : Device.CPU;
        List<Entry> all = Measures.all(new Measures.Setup(pristine, new TextReader(ocr), words == null ? null : Word.read(words), networks, on));
        if (list) {
            out.print(listed(all, FolderDistance.missing(networks)));
            out.flush();
            return 0;
        }
        if (a == null) throw usage("a photo or folder is needed, or --list");
        if (border < 0) throw usage("--border must be at least 0, not " + border);
        if (csv != null) OutputFile.checkWritable(csv);
        List<FolderDistance> distances = distances(networks);
        Measurements found = new Measurements(chosen(all), only != null, border, warnings::warn);
        if (found.isOfPhotos()) for (PhotoPair pair : PhotoPair.of(a, b)) found.add(pair);
        if (!distances.isEmpty()) found.add(PhotoPair.files(a), PhotoPair.files(b), distances, networks, on);
        if (csv != null) found.writeCsv(csv);
        out.print(json ? found.json() : found.table());
        out.flush();
        return 0;
    }

    /** @param noInception why there are no distances of folders; null: there are */
    private static Table listed(List<Entry> all, String noInception) {
        Table table = new Table("measure", "better", "reference", "here");
        for (Entry e : all) {
            String here = e.missing() != null ? "missing: " + e.missing() : Measures.isOnRequest(e.measure()) ? "on request" : "yes";
            table.row(e.measure().name(), e.measure().better(), e.measure().needsReference() ? "needed" : "", here);
        }
        String here = noInception == null ? "on request" : "missing: " + noInception;
        for (FolderDistance d : FolderDistance.values()) table.row(d, Better.LOWER, "a folder", here);
        return table;
    }

    /** Those that are named. */
    private List<FolderDistance> distances(Path networks) {
        if (only == null) return List.of();
        List<FolderDistance> named = Stream.of(FolderDistance.values()).filter(d -> only.contains(d.toString())).toList();
        if (named.isEmpty()) return named;
        String missing = FolderDistance.missing(networks);
        if (missing != null) throw new MeasureError(named.getFirst() + ": " + missing);
        if (b == null || !Files.isDirectory(a) || !Files.isDirectory(b)) throw usage(named.getFirst() + " compares two folders of photos: name both");
        return named;
    }

    private List<Measure> chosen(List<Entry> all) {
        List<Measure> chosen = new ArrayList<>();
        if (only == null) {
            for (Entry e : all) {
                boolean fits = e.missing() == null && !Measures.isOnRequest(e.measure()) && (b != null || !e.measure().needsReference());
                if (fits) chosen.add(e.measure());
            }
            return chosen;
        }
        for (String name : only) {
            if (Stream.of(FolderDistance.values()).anyMatch(d -> d.toString().equals(name))) continue;
            Entry entry = all.stream().filter(e -> e.measure().name().equals(name)).findFirst().orElseThrow(() -> unknown(name, all));
            if (entry.missing() != null) throw new MeasureError(name + ": " + entry.missing());
            if (entry.measure().needsReference() && b == null) throw usage(name + " needs a reference: name a second photo or folder");
            chosen.add(entry.measure());
        }
        return chosen;
    }

    private ParameterException unknown(String name, List<Entry> all) {
        Stream<String> ofFolders = Stream.of(FolderDistance.values()).map(FolderDistance::toString);
        String nearest = Likeness.nearest(name, Stream.concat(all.stream().map(e -> e.measure().name()), ofFolders).toList());
        return usage("there is no measure '" + name + "'" + (nearest == null ? "; --list shows all" : "; did you mean '" + nearest + "'?"));
    }

    private ParameterException usage(String message) { return new ParameterException(spec.commandLine(), message); }
}
