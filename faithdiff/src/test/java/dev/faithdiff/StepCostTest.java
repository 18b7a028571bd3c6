package dev.faithdiff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.networks.align.AlignConfig;
import dev.faithdiff.networks.align.AlignedUNet;
import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.diffusion.Denoising;
import dev.faithdiff.restore.diffusion.DiffusionLoop;
import dev.faithdiff.restore.diffusion.EulerSampler;
import dev.faithdiff.restore.diffusion.Guidance;
import dev.faithdiff.restore.diffusion.NoiseSchedule;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.diffusion.Sigmas;
import dev.faithdiff.restore.diffusion.StepCache;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Backend;
import dev.faithdiff.tensor.op.Engine;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Operations of 20 guided steps of FaithDiff's U-Net at full size, counted on a device that computes nothing. */
@Tag("full")
class StepCostTest {
    private static final AlignConfig ALIGN = new AlignConfig(new int[] {128, 256, 512, 512}, 2, 32, true, false, 512, 32, 1e-6f, 320, 640, 8,
            2, 2, 1e-5f);
    private static final Map<String, Shape> PUBLISHED = published();
    private static final Guidance INTERVAL = new Guidance(5, 0, 0.28, 5.42);

    @Test void aCacheAndAnIntervalSaveMoreThanHalf() {
        double whole = work(64, 20, new Guidance(5, 0), null);
        assertThat(whole / work(64, 20, INTERVAL, null)).as("interval").isBetween(1.1, 1.2);
        assertThat(whole / work(64, 20, new Guidance(5, 0), deep(3, 0))).as("deep:3").isBetween(2.4, 2.9);
        assertThat(whole / work(64, 20, INTERVAL, deep(2, 0))).as("deep:2 and interval").isBetween(1.8, 2.1);
        assertThat(whole / work(64, 20, INTERVAL, deep(3, 0))).as("deep:3 and interval").isGreaterThan(2.3);
    }

    private static Map<String, Shape> published() {
        try (Weights w = Weights.recording()) {
            new AlignedUNet(w, UNetConfig.SDXL, ALIGN);
            return w.published();
        }
    }

    private static Context text(Device device, int rows) { return new Context(Tensor.empty(device, DType.F32, Shape.of(rows, 77, 2048))); }

    private static StepCache deep(int interval, int branch) { return new StepCache(StepCache.Rule.DEEP, interval, branch); }

    /** Multiplications and additions in units of 10^12. @param side of the latents */
    static double work(int side, int steps, Guidance guidance, StepCache cache) {
        Device dry = Backend.device("dry");
        long[] sum = {0};
        try (Scope _ = Scope.open(); Weights w = Weights.shapes("full size", PUBLISHED, DType.F16, dry, null, null)) {
            AlignedUNet net = new AlignedUNet(w, UNetConfig.SDXL, ALIGN);
            Tensor condition = Tensor.empty(dry, DType.F32, Shape.of(1, side, side, 320)),
                    start = Tensor.empty(dry, DType.F32, Shape.of(1, side, side, 4));
            Context[] text = {null, text(dry, 1), text(dry, 2)};
            Denoiser denoiser = (x, at) -> {
                int rows = at.guided() ? 2 : 1;
                Tensor pooled = Tensor.empty(dry, DType.F32, Shape.of(rows, 1280)), sizes = Tensor.empty(Device.CPU, DType.F32, Shape.of(rows, 6));
                return net.predict(x, condition, net.unet().embedTime((float) at.timestep(), pooled, sizes), text[rows], at.shortcut());
            };
            NoiseSchedule schedule = NoiseSchedule.scaledLinear(1000, 0.00085, 0.012, NoiseSchedule.Spacing.LEADING, 1);
            Plan plan = new Plan(schedule, EulerSampler.euler(schedule, steps, Sigmas.SCHEDULE, 0), guidance, cache,
                    TileGrid.of(side, side, side, side, 1));
            try (Denoising d = new Denoising(plan, start, 0)) {
                Engine.observed((op, in, out, kernel, nanos) -> sum[0] += op.flops(in),
                        () -> new DiffusionLoop(plan, denoiser, () -> null, (at, clean) -> {}).run(d));
            }
        }
        return sum[0] / 1e12;
    }
}
