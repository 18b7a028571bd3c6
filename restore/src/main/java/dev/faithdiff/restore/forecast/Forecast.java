package dev.faithdiff.restore.forecast;

import dev.faithdiff.image.Image;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.tensor.Device;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * What a restoration will do, take and hold, before it begins. The restorer runs on a device that only counts; what its ops take there follows from
 * {@link Rates}.
 *
 * @param stages     the opening of the model, the stages that its listener hears of, and what is no op
 * @param deviceBytes the most bytes of tensors at once
 * @param bytes      on the CPU: the most memory of the process; on a GPU: of the GPU
 */
public record Forecast(List<Stage> stages, long deviceBytes, long bytes) {
    /**
     * A stage.
     *
     * @param operations floating-point operations
     * @param moved      bytes that ops read and write at least
     * @param seconds    0 on a device that was not measured
     * @param peak       the most bytes of tensors at once
     */
    public record Stage(String name, long operations, long moved, double seconds, long peak) {}

    /** Compiled code and what kernels keep for each thread, which the dry run does not need. */
    private static final long CODE = 64L << 20;
    private static final long MEASURING = 2_000_000_000L;

    /**
     * The forecast of a restoration.
     *
     * @param photo   only its size counts, and its bits
     * @param open    opens the restorer on a device
     * @param options of the restorer
     * @param rates   of the device; null: no times
     * @param least   seconds from which on it pays to measure kinds of work whose rates are not known
     * @throws OutOfMemoryError if the heap cannot hold the images
     */
    public static Forecast of(Device real, Function<Device, Restorer> open, Function<Restorer, Options> options, Image photo, Rates rates,
            double least) {
        DryRun run = DryRun.of(real, open, options, photo.width(), photo.height(), photo.bits());
        Forecast first = of(run, real, rates);
        if (rates == null || first.seconds() < least) return first;
        rates.measure(run.work(), real, MEASURING);
        return of(run, real, rates);
    }

    private static Forecast of(DryRun run, Device real, Rates rates) {
        List<Stage> stages = new ArrayList<>();
        for (DryRun.Stage s : run.stages()) stages.add(stage(s, rates));
        stages.add(new Stage("images", 0, 0, rates == null ? 0 : run.seconds(), 0));
        long all = run.hostBytes() + run.heldBytes() + run.mappedBytes() + CODE;
        return new Forecast(stages, run.usedBytes(), real == Device.CPU ? all : run.usedBytes());
    }

    private static Stage stage(DryRun.Stage s, Rates rates) {
        long operations = 0, moved = 0;
        double nanos = 0;
        for (DryRun.Count c : s.work.values()) {
            operations += c.times * c.flops;
            moved += c.times * c.bytes;
            if (rates != null) nanos += rates.nanos(c);
        }
        return new Stage(s.name, operations, moved, nanos / 1e9, s.peak);
    }

    public double seconds() { return stages.stream().mapToDouble(Stage::seconds).sum(); }

    public long operations() { return stages.stream().mapToLong(Stage::operations).sum(); }

    public long moved() { return stages.stream().mapToLong(Stage::moved).sum(); }
}
