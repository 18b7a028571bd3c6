package dev.faithdiff.cli;

import dev.faithdiff.image.Image;
import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Tuning;
import dev.faithdiff.kernels.lab.Table;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.caption.Captioner;
import dev.faithdiff.restore.forecast.Fitting;
import dev.faithdiff.restore.forecast.Forecast;
import dev.faithdiff.restore.forecast.Rates;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.host.UserFolders;
import dev.faithdiff.tensor.op.Engine;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/** Says before a restoration how long it will take and what it will hold, and refuses what would not fit into memory. */
final class ForecastOption {
    /** Runs of more seconds than this are announced. */
    private static final double LONG = 20;
    private static final String OFF = "off";

    @picocli.CommandLine.Option(names = "--dry-run", description = "Restore nothing: print for each stage how many operations it will do, how many "
            + "bytes move, how long it will take on this machine, and how much memory it will hold.")
    private boolean dryRun;

    /** Says in one line that a run would not fit, and what would. */
    private static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1;

        Refused(String line) { super(line); }
    }

    /** Opens the restorer, and its options. */
    record Asked(Compute on, Function<Compute, Restorer> open, Function<Restorer, Options> options) {
        Forecast forecast(Image photo, Rates rates, double least) {
            return Forecast.of(on.device(), device -> open.apply(on.on(device, on.precision())), options, photo, rates, least);
        }

        private String fits(Image photo) {
            List<String> found = new Fitting(on, open, options, photo, Forecast::fits).found();
            return found.isEmpty() ? "nothing that was tried fits" : "what fits: " + String.join(", ", found);
        }
    }

    boolean isDryRun() { return dryRun; }

    /** The rates of the CPU; null: those of no other device are known. */
    private static Rates rates(Device on) {
        String asked = System.getProperty("faithdiff.rates");
        if (on != Device.CPU || OFF.equals(asked)) return null;
        return new Rates(asked != null ? Path.of(asked)
                : UserFolders.cache("rates").resolve(Tuning.machine() + "-" + Parallel.threads() + "-used.txt"));
    }

    /** Does work on the CPU, and keeps how long its ops took. */
    static <T> T learned(Device on, Supplier<T> work) {
        Rates rates = rates(on);
        if (rates == null) return work.get();
        T result = Engine.observed(rates, work);
        rates.keep();
        return result;
    }

    /** The forecast as a table, and in one line. */
    String dry(Asked asked, Image photo, boolean isWhole) {
        Forecast f = forecast(asked, photo, rates(asked.on.device()), 0);
        String line = line(f, asked.on.device()) + (f.fits() ? "" : "; " + asked.fits(photo));
        return isWhole ? line + "\n" + table(f) : line;
    }

    /**
     * The forecast of captions on the CPU, as long as they may be: a line and a table.
     *
     * @param open opens the captioner on a device
     * @param seen what it is to describe; a device may make it
     */
    static String caption(Function<Device, Captioner> open, Function<Device, List<Image>> seen) {
        Forecast f = Forecast.of(Device.CPU, (device, stages) -> {
            List<Image> parts = seen.apply(device);
            try (Captioner c = open.apply(device)) {
                for (Image part : parts) c.describe(part, (stage, _) -> stages.accept(stage.name().toLowerCase(Locale.ROOT)));
            }
        }, rates(Device.CPU));
        return line(f, Device.CPU) + (f.fits() ? "" : ", so it does not fit") + "\n" + table(f);
    }

    private static Table table(Forecast f) {
        Table table = new Table("stage", "GFLOP", "GB moved", "seconds", "peak MB of tensors");
        for (Forecast.Part s : f.stages()) row(table, s.name(), s.operations(), s.moved(), s.seconds(), s.peak());
        row(table, "all", f.operations(), f.moved(), f.seconds(), f.tensors());
        return table;
    }

    private static Forecast forecast(Asked asked, Image photo, Rates rates, double least) {
        try {
            return asked.forecast(photo, rates, least);
        } catch (OutOfMemoryError e) {
            throw new Refused("out of memory: the images take more than the heap of " + gigabytes(Runtime.getRuntime().maxMemory()) + "; "
                    + asked.fits(photo) + "; FAITHDIFF_JAVA_OPTS=-Xmx8g gives a larger heap");
        }
    }

    private static void row(Table table, String name, long operations, long moved, double seconds, long peak) {
        table.row(name, operations / 1e9, moved / 1e9, seconds, (double) (peak >> 20));
    }

    private static String line(Forecast f, Device on) {
        String time = f.seconds() == 0 ? "" : "takes " + time(f.seconds()) + " and ";
        return time + "needs " + gigabytes(f.bytes()) + " of the " + gigabytes(f.room()) + (on == Device.CPU ? " that this process may hold"
                : " that are free on the GPU");
    }

    /** In words, as exactly as it can be known. */
    static String time(double seconds) {
        if (seconds < 90) return "about " + Math.max(1, Math.round(seconds)) + " s";
        return seconds < 5400 ? "about " + Math.round(seconds / 60) + " minutes"
                : String.format(Locale.ROOT, "about %.1f hours", seconds / 3600);
    }

    private static String gigabytes(long bytes) { return String.format(Locale.ROOT, "%.1f GB", bytes / 1e9); }

    /**
     * Announces a long run.
     *
     * @throws Refused if the run would not fit
     */
    void before(Asked asked, Image photo, Consumer<String> announce) {
        Device on = asked.on.device();
        Rates rates = rates(on);
        if (rates == null) return;
        Forecast f;
        try {
            f = forecast(asked, photo, rates, LONG / 4);
        } catch (CancellationException | Refused e) {
            throw e;
        } catch (RuntimeException e) {
            return; // the restoration will say what is wrong
        }
        if (!f.fits()) {
            throw new Refused("out of memory: this would need " + gigabytes(f.needed()) + " of the " + gigabytes(f.room())
                    + " that this process may hold; " + asked.fits(photo));
        }
        if (f.seconds() > LONG) announce.accept(line(f, on));
    }
}
