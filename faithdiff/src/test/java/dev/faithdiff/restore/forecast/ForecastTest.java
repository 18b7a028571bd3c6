package dev.faithdiff.restore.forecast;

import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.faithdiff.image.Image;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Compute.NumberType;
import dev.faithdiff.restore.Offload;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.dreamclear.TinyDreamClear;
import dev.faithdiff.restore.onestep.TinyBase;
import dev.faithdiff.restore.sd.Cleaner;
import dev.faithdiff.restore.supir.TinySupir;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.LinearOp;
import dev.faithdiff.tensor.op.Op;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the counting device says of a run, against the run. */
class ForecastTest {
    private static final Path SMALL = Path.of(System.getProperty("faithdiff.model")),
            MINI = Path.of(System.getProperty("faithdiff.home"), "models/faithdiff-mini");

    @TempDir Path dir;

    private static Image photo(int width, int height) {
        byte[] rgb = new byte[3 * width * height];
        new Random(1).nextBytes(rgb);
        return Image.of(width, height, rgb);
    }

    private static Function<Compute, Restorer> opener(Path model) { return on -> Restorers.open(model, on); }

    private static Compute on(NumberType type) { return new Compute(Device.CPU, type, Offload.NONE); }

    private static DryRun dry(Path model, NumberType type, UnaryOperator<Options> o, Image photo) {
        return DryRun.of(Device.CPU, d -> Restorers.open(model, on(type).on(d, type)), r -> o.apply(r.defaults()), photo.width(), photo.height(), 8);
    }

    /** Convolutions and products are the same ones, as often, on the same kernels; tensors take as much memory. */
    private static void check(Path model, NumberType type, UnaryOperator<Options> o, Image photo) {
        Map<OpWork, Long> heavy = new HashMap<>(), counted = new HashMap<>();
        long[] flops = {0, 0};
        Device.CPU.pool().resetPeak();
        long before = Device.CPU.pool().usedBytes();
        Engine.observed((op, in, out, kernel, nanos) -> {
            flops[0] += op.flops(in);
            if (isHeavy(op)) heavy.merge(OpWork.of(op, in, kernel), 1L, Long::sum);
        }, () -> {
            try (Restorer r = Restorers.open(model, on(type))) {
                return r.restore(photo, o.apply(r.defaults()));
            }
        });
        long used = Device.CPU.pool().peakUsedBytes() - before;
        DryRun run = dry(model, type, o, photo);
        run.stages().forEach(s -> s.work.forEach((w, c) -> {
            flops[1] += c.times * c.flops;
            if (isHeavy(w.op())) counted.merge(w, c.times, Long::sum);
        }));
        assertThat(counted).isNotEmpty();
        heavy.forEach((w, times) -> counted.merge(w, -times, Long::sum));
        counted.values().removeIf(difference -> difference == 0);
        assertThat(counted).as("counted more often than run").isEmpty();
        assertThat((double) flops[1]).isCloseTo(flops[0], within(0.02 * flops[0]));
        assertThat((double) run.usedBytes()).isCloseTo(used, within(0.3 * used));
        assertThat(Device.CPU.pool().usedBytes()).isEqualTo(before);
    }

    private static boolean isHeavy(Op op) { return op instanceof Conv2dOp || op instanceof LinearOp; }

    @Test void stepsAndTilesOfDiffusion() {
        check(SMALL, NumberType.F32, o -> o.with(STEPS, 3).with(SCALE, 2.0).with(TILE, 128).with(VAE_TILE, 128), photo(128, 96));
    }

    @Test void roundedProducts() { check(SMALL, NumberType.BF16, o -> o.with(STEPS, 2).with(SCALE, 2.0), photo(64, 64)); }

    @Test void twoStages() { check(MINI, NumberType.F32, o -> o.with(SCALE, 2.0), photo(96, 160)); }

    @Test void oneStep() {
        Path model = TinyBase.random(dir, "osediff.pkl", List.of("default_encoder", "default_decoder", "default_others"), "default_encoder");
        check(model, NumberType.F32, o -> o.with(SCALE, 4.0), photo(128, 128));
    }

    /** Two rows at once, T5 that is open for a while, and a cleaner in tiles. */
    @Test void dreamClear() {
        check(TinyDreamClear.random(dir), NumberType.F32, o -> o.with(SCALE, 4.0).with(PROCESS_SIZE, 64).with(STEPS, 3).with(Cleaner.TILE, 64),
                photo(32, 32));
    }

    @Test void supir() { check(TinySupir.drawn(dir), NumberType.F32, o -> o.with(PROCESS_SIZE, 64).with(STEPS, 3), photo(64, 64)); }

    /** What is named fits, and nothing is named where nothing fits. */
    @Test void findsWhatFits() {
        Image photo = photo(256, 256);
        Function<Restorer, Options> options = r -> r.defaults().with(STEPS, 1).with(SCALE, 2.0).with(VAE_TILE, 512);
        long room = Forecast.of(Device.CPU, d -> Restorers.open(SMALL, d), options, photo, null, 0).tensors() * 2 / 3;
        List<String> found = new Fitting(on(NumberType.F32), opener(SMALL), options, photo, f -> f.tensors() <= room).found();
        assertThat(found).hasSizeGreaterThanOrEqualTo(2).anyMatch(s -> s.startsWith("--tile")).anyMatch(s -> s.startsWith("--scale 1 "));
        int side = Integer.parseInt(found.getFirst().split(" ")[1]);
        Function<Restorer, Options> smaller = r -> options.apply(r).with(TILE, side).with(VAE_TILE, side);
        assertThat(Forecast.of(Device.CPU, d -> Restorers.open(SMALL, d), smaller, photo, null, 0).tensors()).isLessThanOrEqualTo(room);
        assertThat(new Fitting(on(NumberType.F32), opener(SMALL), options, photo, f -> false).found()).isEmpty();
    }

    /** A kind of work takes what runs of it took; the file keeps that, and one that is damaged counts as none. */
    @Test void ratesAreWhatRunsTook() throws IOException {
        Path file = dir.resolve("rates/of-this.txt");
        try (Scope _ = Scope.open()) {
            Tensor x = Tensor.zeros(Device.CPU, DType.F32, Shape.of(1000, 16)), w = Tensor.zeros(Device.CPU, DType.F32, Shape.of(32, 16));
            Tensor y = x.linear(w, null);
            Tensor[] in = {x, w};
            DryRun.Count count = new DryRun.Count(new LinearOp(), in, y, "K");
            count.times = 5;
            Rates rates = new Rates(file);
            rates.ran(new LinearOp(), in, y, "K", 3_000_000);
            rates.ran(new LinearOp(), in, y, "K", 5_000_000);
            rates.keep();
            assertThat(new Rates(file).nanos(count)).isCloseTo(20e6, within(1.0e3));
            Rates later = new Rates(file);
            later.ran(new LinearOp(), in, y, "K", 8_000_000);
            later.keep();
            assertThat(new Rates(file).nanos(count)).as("half as new").isCloseTo(30e6, within(1.0e3));
            double unknown = new Rates(dir.resolve("none")).nanos(count);
            for (String rate : List.of("none", "-1", "NaN", "Infinity", "1e300")) {
                Files.writeString(file, count.name + " 6 " + rate + "\n");
                assertThat(new Rates(file).nanos(count)).as(rate).isEqualTo(unknown);
            }
            Path folder = Files.createDirectories(dir.resolve("kept/folder/x")).getParent();
            new Rates(folder).keep();
            assertThat(folder.getParent()).as("nothing is left where it cannot be kept").isDirectoryNotContaining(f -> !f.equals(folder));
        }
    }
}
