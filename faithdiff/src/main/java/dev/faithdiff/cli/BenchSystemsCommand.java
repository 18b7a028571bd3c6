package dev.faithdiff.cli;

import com.google.gson.GsonBuilder;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.model.ModelPlaces;
import dev.faithdiff.quality.study.StudySystem;
import dev.faithdiff.restore.CommonOptions;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.diffusion.DiffusionOptions;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.PeakMemory;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Times systems beside each other. */
@Command(name = "bench-systems", sortOptions = false, showDefaultValues = true, description = "Restore one photo with each model in turn and print "
        + "steps, times, memory and parameters. 'study' compares what they make of photos.")
final class BenchSystemsCommand implements Callable<Integer> {
    private static final int LEAST = 64;

    @Spec private CommandSpec spec;

    @Parameters(arity = "0..*", paramLabel = "MODEL", showDefaultValue = Visibility.NEVER,
            description = "Folders or names of models (default: all that 'faithdiff models' shows).")
    private List<Path> models = List.of();

    @Option(names = "--photo", paramLabel = "PHOTO", description = "The photo; its middle is made as small as needed (default: smooth waves).")
    private Path photo;

    @Option(names = "--side", paramLabel = "N", description = "Sides of the results in pixels, of photos a quarter as large.")
    private int side = 512;

    @Option(names = "--most-steps", paramLabel = "N", description = "Shorten what takes more steps (default: each model's own number).")
    private Integer most;

    @Option(names = "--repeat", paramLabel = "N", description = "Results after the first one, which also compiles; the time is their median.")
    private int repeats = 1;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Mixin private DeviceChoice device;

    /**
     * What a model took.
     *
     * @param steps      of denoising; 1 for a network of one pass
     * @param parameters numbers in its files
     * @param peakBytes  of the process since the model was opened
     */
    private record Row(String model, String kind, int steps, long parameters, Seconds seconds, long peakBytes) {
        private static final String HEAD = "| model | kind | steps | parameters | opened, s | first result, s | another, s | processor's, s | peak "
                + "memory |";

        @Override public String toString() {
            double million = parameters / 1e6, gigabytes = peakBytes / 1e9;
            return String.format(Locale.ROOT, "| %s | %s | %d | %.1f M | %s | %.2f GB |", model, kind, steps, million, seconds, gigabytes);
        }
    }

    /** @param another median of the results after the first; null without them. @param processor of all cores together, for the last result */
    private record Seconds(double opened, double first, Double another, double processor) {
        @Override public String toString() {
            String again = another == null ? "" : String.format(Locale.ROOT, "%.2f", another);
            return String.format(Locale.ROOT, "%.1f | %.2f | %s | %.1f", opened, first, again, processor);
        }
    }

    @Override public Integer call() {
        if (side < LEAST || side % 4 != 0 || repeats < 0 || most != null && most < 1) {
            throw new ParameterException(spec.commandLine(), "--side must be a multiple of 4 from " + LEAST + " on, --repeat at least 0, and "
                    + "--most-steps at least 1");
        }
        PrintWriter out = spec.commandLine().getOut();
        Warnings remarks = new Warnings(spec.commandLine().getErr());
        Compute on = Compute.on(device.open(DType.F32, remarks::warn).device());
        Image small = small();
        List<Row> rows = new ArrayList<>();
        if (!json) out.println(Row.HEAD + "\n" + "|---".repeat(9) + "|");
        List<Path> all = models.isEmpty() ? ModelPlaces.installed().stream().filter(Restorers::isRestorer).toList()
                : models.stream().map(m -> ModelPlaces.of(m).toAbsolutePath().normalize()).toList();
        for (Path model : all) {
            try {
                rows.add(row(model, small, on));
                if (!json) out.println(rows.getLast());
            } catch (CancellationException e) {
                throw e;
            } catch (RuntimeException | OutOfMemoryError e) {
                remarks.warn(model.getFileName() + ": " + Main.reason(e));
            }
            out.flush();
        }
        if (json) out.println(new GsonBuilder().setPrettyPrinting().create().toJson(rows));
        out.flush();
        return rows.size() == all.size() ? 0 : 1;
    }

    /** The photo, a quarter as large as the results. */
    private Image small() {
        int n = side / 4;
        if (photo != null) {
            Image whole = ImageFiles.read(photo);
            int square = Math.min(whole.width(), whole.height());
            Image middle = whole.crop((whole.width() - square) / 2, (whole.height() - square) / 2, square, square);
            return Resize.resize(middle, n, n, Filter.BICUBIC);
        }
        byte[] rgb = new byte[3 * n * n];
        for (int i = 0; i < rgb.length; i++) rgb[i] = (byte) (128 + 100 * Math.sin(i / 3 / n * 0.11 + i % 3) * Math.cos(i / 3 % n * 0.07));
        return Image.of(n, n, rgb);
    }

    private Row row(Path model, Image small, Compute on) {
        PeakMemory.reset();
        double begin = seconds();
        try (Restorer restorer = Restorers.open(model, on)) {
            double opened = seconds() - begin;
            Options o = options(restorer);
            restorer.check(o);
            int[] steps = {1};
            double first = 0, worked = 0;
            double[] later = new double[repeats];
            for (int i = 0; i <= repeats; i++) {
                double processor = processorSeconds();
                begin = seconds();
                restorer.restore(small, o, (stage, step, of) -> { if (stage.equals("denoise")) steps[0] = of; }, null);
                if (i == 0) first = seconds() - begin;
                else later[i - 1] = seconds() - begin;
                worked = processorSeconds() - processor;
            }
            Arrays.sort(later);
            StudySystem files = new StudySystem(model.toString(), StudySystem.Kind.MODEL, model, null, Map.of(), List.of(), null, Double.NaN);
            Seconds seconds = new Seconds(opened, first, repeats == 0 ? null : (Double) later[repeats / 2], worked);
            return new Row(model.getFileName().toString(), new ModelFolder(model).kind(), steps[0], files.parameters(), seconds, PeakMemory.bytes());
        }
    }

    /** A model's own, but for the size: systems that would work at more than the result's size work at that. */
    private Options options(Restorer restorer) {
        Options o = restorer.defaults().with(CommonOptions.SCALE, 4.0);
        if (restorer.options().contains(CommonOptions.PROCESS_SIZE)) {
            o = o.with(CommonOptions.PROCESS_SIZE, Math.min(side, o.get(CommonOptions.PROCESS_SIZE)));
        }
        if (most == null || !restorer.options().contains(DiffusionOptions.STEPS)) return o;
        return o.with(DiffusionOptions.STEPS, Math.min(most, o.get(DiffusionOptions.STEPS)));
    }

    private static double seconds() { return System.nanoTime() / 1e9; }

    private static double processorSeconds() {
        return ProcessHandle.current().info().totalCpuDuration().map(d -> d.toNanos() / 1e9).orElse(Double.NaN);
    }
}
