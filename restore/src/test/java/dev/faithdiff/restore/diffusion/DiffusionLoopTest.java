package dev.faithdiff.restore.diffusion;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.diffusion.NoiseSchedule.Prediction;
import dev.faithdiff.restore.diffusion.NoiseSchedule.Spacing;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.SafeTensorsError;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The loop with a network that knows the clean latents, so that any sampler must come to them. */
@Tag("full")
class DiffusionLoopTest {
    private static final int HEIGHT = 9, WIDTH = 12, CHANNELS = 2;
    private static final NoiseSchedule SCHEDULE = NoiseSchedule.scaledLinear(1000, 0.00085, 0.012, Spacing.TRAILING, 0);
    private static final TileGrid GRID = TileGrid.of(HEIGHT, WIDTH, 6, 8, 0.5);

    @TempDir Path dir;
    private Scope scope;
    private Tensor clean;

    @BeforeEach void open() {
        scope = Scope.open();
        clean = normal(Rng.cpu(1), HEIGHT, WIDTH);
    }

    @AfterEach void close() { scope.close(); }

    private static Tensor normal(Rng rng, int h, int w) { return Tensor.of(rng.randn(h * w * CHANNELS), 1, h, w, CHANNELS); }

    private static Plan plan(Sampler sampler, double guidance) { return new Plan(SCHEDULE, sampler, new Guidance(guidance, 0), GRID); }

    private static Sampler euler(int steps) { return EulerSampler.euler(SCHEDULE, steps, Sigmas.SCHEDULE, 0); }

    private static Sampler solver(int steps, MultistepSampler.Solver solver) {
        MultistepSampler.Method method = new MultistepSampler.Method(solver, 2, false, true, false);
        return new MultistepSampler(MultistepSampler.levels(SCHEDULE, steps, Sigmas.SCHEDULE, 0), method);
    }

    /** The noise in latents of variance one. */
    private Tensor noise(Tensor latents, Denoiser.At at) {
        double sigma = SCHEDULE.sigma(at.timestep()), alpha = Levels.alpha(sigma);
        Tensor data = GRID.cut(clean, GRID.tiles().get(at.tile()));
        return latents.mul((float) (1 / (alpha * sigma))).sub(data.mul((float) (1 / sigma)));
    }

    private static Supplier<Tensor> draws(Rng rng) { return () -> normal(rng, GRID.tileHeight(), GRID.tileWidth()); }

    private Tensor run(Plan plan, Denoiser denoiser, DiffusionLoop.Watcher watcher) {
        Tensor start = plan.sampler().noised(clean, normal(Rng.cpu(2), HEIGHT, WIDTH), 0);
        try (Denoising d = new Denoising(plan, start, 0)) {
            return new DiffusionLoop(plan, denoiser, draws(Rng.cpu(3)), watcher).run(d);
        }
    }

    private void isClean(Tensor latents) { Fixtures.assertClose("clean latents", latents.toFloats(), clean.toFloats(), 2e-4); }

    @ParameterizedTest
    @EnumSource(names = {"EULER", "EULER_ANCESTRAL", "DDIM", "DPMPP_2M", "UNIPC", "HEUN"})
    void anySamplerComesToTheCleanLatents(Samplers kind) {
        Sampler sampler = switch (kind) {
            case EULER_ANCESTRAL -> EulerSampler.ancestral(SCHEDULE, 4);
            case DDIM -> EulerSampler.ddim(SCHEDULE, 4, 0, 0);
            case DPMPP_2M -> solver(4, MultistepSampler.Solver.MIDPOINT);
            case UNIPC -> solver(4, MultistepSampler.Solver.BH2);
            case HEUN -> SecondOrderSampler.heun(SCHEDULE, 4, Sigmas.SCHEDULE, 0);
            default -> euler(4);
        };
        isClean(run(plan(sampler, 1), this::noise, (at, prediction) -> {}));
    }

    @Test void velocityIsTakenForNoise() {
        Plan plan = new Plan(SCHEDULE.with(Prediction.VELOCITY), euler(3), new Guidance(1, 0), GRID);
        Denoiser velocity = (latents, at) -> {
            double sigma = SCHEDULE.sigma(at.timestep()), alpha = Levels.alpha(sigma);
            Tensor data = GRID.cut(clean, GRID.tiles().get(at.tile()));
            return noise(latents, at).mul((float) alpha).sub(data.mul((float) (alpha * sigma)));
        };
        isClean(run(plan, velocity, (at, prediction) -> {}));
    }

    @Test void guidanceJoinsTwoRows() {
        Denoiser rows = (latents, at) -> {
            Tensor eps = noise(latents, at);
            return eps.affine(1, -2).concat(0, eps.affine(1, -1));
        };
        isClean(run(plan(euler(3), 2), rows, (at, prediction) -> {}));
    }

    @Test void aWatcherSeesTilesAndCleanLatents() {
        List<String> seen = new ArrayList<>();
        run(plan(euler(2), 1), this::noise, new DiffusionLoop.Watcher() {
            @Override public void step(Denoising at, Supplier<Tensor> prediction) {
                isClean(prediction.get());
                seen.add("step " + at.step());
            }

            @Override public void tile(int tile, int tiles) { seen.add(tile + " of " + tiles); }
        });
        assertThat(GRID.tiles()).hasSize(4);
        assertThat(seen).containsExactly("1 of 4", "2 of 4", "3 of 4", "4 of 4", "step 1", "1 of 4", "2 of 4", "3 of 4", "4 of 4", "step 2");
    }

    /** What changes answers needs nothing of the loop. */
    @Test void aDenoiserMayAnswerFromMemory() {
        int[] runs = {0};
        Tensor[] kept = new Tensor[GRID.tiles().size()];
        Denoiser cached = (latents, at) -> {
            Tensor known = kept[at.tile()];
            if (known == null) runs[0]++;
            kept[at.tile()] = known == null ? scope.adopt(noise(latents, at)) : null;
            return (known == null ? kept[at.tile()] : known).mul(1);
        };
        isClean(run(plan(euler(4), 1), cached, (at, prediction) -> {}));
        assertThat(runs[0]).isEqualTo(2 * GRID.tiles().size());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSavedStepLeadsToTheSameBits(boolean remembers) {
        Sampler sampler = remembers ? solver(5, MultistepSampler.Solver.BH2) : EulerSampler.ancestral(SCHEDULE, 5);
        Plan plan = plan(sampler, 1);
        float[] whole = run(plan, this::noise, (at, prediction) -> {}).toFloats();
        ResumeFile file = new ResumeFile(dir.resolve("resume"), "model", Device.CPU, DType.F32, Map.of(), Image.of(1, 1, new byte[3]));
        Rng rng = Rng.cpu(3);
        try (Denoising d = new Denoising(plan, sampler.noised(clean, normal(Rng.cpu(2), HEIGHT, WIDTH), 0), 0)) {
            assertThatThrownBy(() -> new DiffusionLoop(plan, this::noise, draws(rng), (at, prediction) -> {
                file.write(at, rng, 7);
                if (at.step() == 3) throw new CancellationException();
            }).run(d)).isInstanceOf(CancellationException.class);
        }
        ResumeFile.State saved = file.read(Device.CPU);
        assertThat(saved.step()).isEqualTo(3);
        assertThat(saved.bytes()).isEqualTo(7);
        Rng restored = Rng.cpu(9);
        restored.restore(saved.rng());
        try (Denoising d = saved.denoising(plan)) {
            assertThat(new DiffusionLoop(plan, this::noise, draws(restored), (at, prediction) -> {}).run(d).toFloats()).isEqualTo(whole);
        }
    }

    /** Every step writes the file anew, so a process that is killed may well be at it. The next one that writes results there cleans up. */
    @Test void whatAKilledProcessWroteOfAResumeFileIsKnown() throws IOException {
        List<String> begun = new ArrayList<>();
        SafeTensors.write(dir.resolve("photo.png.resume"), List.of(Source.of("x", DType.U8, Shape.of(1), () -> {
            ImageFiles.deleteUnfinished(dir);
            begun.addAll(List.of(dir.toFile().list()));
            return MemorySegment.ofArray(new byte[1]);
        })), Map.of());
        assertThat(begun).as("is still being written").hasSize(1);
        Path left = Files.createFile(dir.resolve(begun.getFirst().replace("." + ProcessHandle.current().pid() + "-", ".999999999-")));
        ImageFiles.deleteUnfinished(dir);
        assertThat(left).doesNotExist();
    }

    /** Beyond the last step no step would run, and unfinished latents would be decoded. */
    @Test void aResumeFileWhoseStepIsNoneIsNotWhole() throws IOException {
        Path path = dir.resolve("damaged");
        Plan plan = plan(euler(3), 1);
        ResumeFile file = new ResumeFile(path, "model", Device.CPU, DType.F32, Map.of(), Image.of(1, 1, new byte[3]));
        try (Denoising d = new Denoising(plan, normal(Rng.cpu(2), HEIGHT, WIDTH), 0)) {
            file.write(d, Rng.cpu(3), 7);
        }
        assertThat(file.read(Device.CPU).step()).isZero();
        for (String step : List.of("\"step\":\"x\"", "\"past\":\"0\"", "\"step\":\"4\"", "\"step\":\"9\"")) {
            byte[] whole = Files.readAllBytes(path);
            Files.write(path, new String(whole, ISO_8859_1).replace("\"step\":\"0\"", step).getBytes(ISO_8859_1));
            assertThatThrownBy(() -> file.read(Device.CPU).denoising(plan)).isInstanceOf(SafeTensorsError.class)
                    .hasMessageContaining("is not a whole resume file");
            Files.write(path, whole);
        }
    }

    @Test void whatIsNotFiniteNamesTheStepAndTheOp() {
        Denoiser broken = (latents, at) -> {
            Tensor eps = noise(latents, at);
            return at.timestep() < 500 ? eps.mul(Float.POSITIVE_INFINITY) : eps;
        };
        assertThatThrownBy(() -> run(plan(euler(3), 1), broken, (at, prediction) -> {})).isInstanceOf(OpError.class)
                .hasMessageContaining("denoising step 3 of 3 made values that are not finite").hasMessageContaining("AffineOp");
    }
}
