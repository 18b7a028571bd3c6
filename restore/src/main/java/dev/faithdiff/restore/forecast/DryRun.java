package dev.faithdiff.restore.forecast;

import dev.faithdiff.image.Image;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.tensor.CountingDevice;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.PeakMemory;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Op;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Work on a device that only counts, such as the restoration of a black photo. What it does with images and arrays, it does; only ops do not run.
 *
 * @param stages      as the work's listener hears of them, in the order in which they began; the first is the opening of the model
 * @param usedBytes   the most bytes of tensors at once
 * @param heldBytes   the same with blocks that the pool keeps for reuse
 * @param mappedBytes of the model's files that stay in memory
 * @param hostBytes   the most memory of this process in the dry run, without tensors
 * @param seconds     what the dry run took: the work that is no op
 */
record DryRun(List<StageCount> stages, long usedBytes, long heldBytes, long mappedBytes, long hostBytes, double seconds) {
    /** How often each kind of work is done in a stage, and the most bytes of tensors. */
    static final class StageCount {
        final String name;
        final Map<OpWork, Count> work = new LinkedHashMap<>();
        long peak;

        StageCount(String name) { this.name = name; }
    }

    /** What all runs of one kind of work cost. */
    static final class Count {
        final String name;
        final long cost, flops, bytes;
        long times;

        Count(Op op, Tensor[] in, Tensor out, String kernel) {
            name = OpWork.name(op, in, out, kernel);
            cost = OpWork.cost(op, in);
            flops = op.flops(in);
            bytes = op.bytes(in);
        }
    }

    /** Counts by stage. */
    private static final class Account {
        private final Map<String, StageCount> stages = new LinkedHashMap<>();
        private final CountingDevice device;
        private StageCount stage;
        private long held, used;

        Account(Device real) {
            device = CountingDevice.of(real, this::add);
            begin("open");
        }

        private void begin(String name) {
            endStage();
            stage = stages.computeIfAbsent(name, StageCount::new);
        }

        void endStage() {
            if (stage != null) stage.peak = Math.max(stage.peak, device.pool().peakUsedBytes());
            used = Math.max(used, device.pool().peakUsedBytes());
            held = Math.max(held, device.pool().peakBytes());
            device.pool().resetPeak();
        }

        private void add(Op op, Tensor[] in, Tensor out, String kernel, long times) {
            if (in[0].device() != device) return; // it ran, on the host
            stage.work.computeIfAbsent(OpWork.of(op, in, kernel), w -> new Count(op, in, out, kernel)).times += times;
        }

        private void ran(Op op, Tensor[] in, Tensor out, String kernel, long nanos) { add(op, in, out, kernel, 1); }
    }

    /**
     * Restores a black photo.
     *
     * @param open    opens the restorer on a device
     * @param options of the restorer
     * @throws OutOfMemoryError if the heap cannot hold the images
     */
    static DryRun of(Device real, Function<Device, Restorer> open, Function<Restorer, Options> options, int width, int height, int bits) {
        return of(real, (device, stages) -> {
            try (Restorer restorer = open.apply(device)) {
                Image black = Image.of(width, height, Image.blank(width, height), bits == 16 ? Image.blank(width, height) : null);
                Listener listener = (stage, step, steps) -> stages.accept(stage);
                restorer.restore(black, options.apply(restorer), listener);
            }
        });
    }

    /** Does any work. @param work on a device; it tells of stages as they begin */
    static DryRun of(Device real, BiConsumer<Device, Consumer<String>> work) {
        Account account = new Account(real);
        PeakMemory.reset();
        Device.CPU.pool().trim();
        Device.CPU.pool().resetPeak();
        long begin = System.nanoTime(), host = Device.CPU.pool().usedBytes();
        Engine.observed(account::ran, () -> {
            work.accept(account.device, account::begin);
            return null;
        });
        account.endStage();
        double seconds = (System.nanoTime() - begin) / 1e9;
        long staged = Device.CPU.pool().peakBytes() - host;
        Device.CPU.pool().trim();
        return new DryRun(new ArrayList<>(account.stages.values()), account.used, account.held, account.device.mappedBytes(),
                PeakMemory.bytes() - staged, seconds);
    }

    /** Every kind of work of all stages, once. */
    Map<OpWork, Count> work() {
        Map<OpWork, Count> all = new HashMap<>();
        stages.forEach(s -> all.putAll(s.work));
        return all;
    }
}
