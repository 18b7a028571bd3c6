package dev.faithdiff.restore.forecast;

import dev.faithdiff.image.Image;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.PeakMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * What a restoration will do, take and hold, before it begins. The restorer runs on a device that only counts; what its ops take there follows from
 * {@link Rates}.
 *
 * @param stages  the opening of the model, the stages that its listener hears of, and what is no op
 * @param tensors the most bytes of tensors at once
 * @param bytes   the most that are held: by the process where it computes on the CPU, with files that it has mapped, else by the GPU
 * @param needed  the same without mapped files, of which the system takes back what it needs
 * @param room    what may be held: what is free, and on the CPU what the process holds already
 */
public record Forecast(List<Part> stages, long tensors, long bytes, long needed, long room) {
    /**
     * A stage.
     *
     * @param operations floating-point operations
     * @param moved      bytes that ops read and write at least
     * @param seconds    0 on a device that was not measured
     * @param peak       the most bytes of tensors at once
     */
    public record Part(String name, long operations, long moved, double seconds, long peak) {}

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
        return of(DryRun.of(real, open, options, photo.width(), photo.height(), photo.bits()), real, rates, least);
    }

    /**
     * The forecast of other work, as of a captioner's.
     *
     * @param work does it on a device, and tells of its stages as they begin
     */
    public static Forecast of(Device real, BiConsumer<Device, Consumer<String>> work, Rates rates) {
        return of(DryRun.of(real, work), real, rates, 0);
    }

    private static Forecast of(DryRun run, Device real, Rates rates, double least) {
        Forecast first = of(run, real, rates);
        if (rates == null || first.seconds() < least || least > 0 && !first.fits()) return first;
        rates.measure(run.work(), real, MEASURING);
        return of(run, real, rates);
    }

    private static Forecast of(DryRun run, Device real, Rates rates) {
        List<Part> stages = new ArrayList<>();
        for (DryRun.StageCount s : run.stages()) stages.add(stage(s, rates));
        stages.add(new Part("images", 0, 0, rates == null ? 0 : run.seconds(), 0));
        long free = real.freeBytes(), used = run.usedBytes(), all = run.hostBytes() + run.heldBytes() + CODE;
        if (real != Device.CPU) return new Forecast(stages, used, used, used, free);
        PeakMemory.reset();
        return new Forecast(stages, used, all + run.mappedBytes(), all, free == Long.MAX_VALUE ? free : free + PeakMemory.bytes());
    }

    /** Whether there is room for it. */
    public boolean fits() { return needed <= room; }

    private static Part stage(DryRun.StageCount s, Rates rates) {
        long operations = 0, moved = 0;
        double nanos = 0;
        for (DryRun.Count c : s.work.values()) {
            operations += c.times * c.flops;
            moved += c.times * c.bytes;
            if (rates != null) nanos += rates.nanos(c);
        }
        return new Part(s.name, operations, moved, nanos / 1e9, s.peak);
    }

    public double seconds() { return stages.stream().mapToDouble(Part::seconds).sum(); }

    public long operations() { return stages.stream().mapToLong(Part::operations).sum(); }

    public long moved() { return stages.stream().mapToLong(Part::moved).sum(); }
}
