package dev.faithdiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import com.google.gson.JsonObject;
import dev.faithdiff.model.Config;
import dev.faithdiff.sample.EulerSampler;
import dev.faithdiff.sample.NoiseSchedule;
import dev.faithdiff.sample.TileGrid;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Schedules, sampler trajectories and tile grids against stored outputs. */
class SamplerTest {
    private static final JsonObject RUNS = Fixtures.json("schedulers/schedulers.json").getAsJsonObject("runs");
    private static final Fixtures COMMON = Fixtures.open("schedulers/common.safetensors");

    private static NoiseSchedule schedule() {
        return NoiseSchedule.of(Config.read(Fixtures.dir().resolve("checkpoint-tiny/sdxl/scheduler/scheduler_config.json")));
    }

    static Stream<String> runs() { return RUNS.keySet().stream().filter(r -> r.matches("euler_(discrete|ancestral)/\\w+\\.\\d+")); }

    @ParameterizedTest
    @MethodSource("runs")
    void trajectories(String run) {
        String scheduler = run.substring(0, run.indexOf('/')), name = run.substring(run.indexOf('/') + 1);
        JsonObject expected = RUNS.getAsJsonObject(run);
        Fixtures f = Fixtures.open("schedulers/" + scheduler + ".safetensors");
        NoiseSchedule.Spacing spacing = NoiseSchedule.Spacing.valueOf(name.substring(0, name.indexOf('.')).toUpperCase());
        EulerSampler sampler = new EulerSampler(schedule().with(spacing), Integer.parseInt(name.substring(name.indexOf('.') + 1)),
                scheduler.equals("euler_ancestral"));
        double[] t = sampler.timesteps();
        Fixtures.assertClose("timesteps", floats(t), f.floats(name + ".timesteps"), 0);
        Fixtures.assertClose("sigmas", sampler.sigmas(), f.floats(name + ".sigmas"), 2e-6);
        assertThat(sampler.initNoiseSigma()).isCloseTo(expected.get("init_noise_sigma").getAsFloat(), offset(1e-6f));
        try (Scope s = Scope.open()) {
            Tensor x = plain(COMMON, "noise0").mul(sampler.initNoiseSigma()), c = plain(COMMON, "c");
            Tensor noises = plain(COMMON, "step_noise"), trajectory = plain(f, name + ".trajectory");
            int[] used = {0};
            for (int i = 0; i < t.length; i++) {
                Tensor eps = sampler.scaleInput(x, i).mul(0.3f).add(c.mul((float) Math.sin(t[i])));
                x = sampler.step(x, eps, i, () -> noises.slice(0, used[0], ++used[0]).reshape(c.shape().toArray()));
                Fixtures.assertClose(run + " step " + i, x.toFloats(), trajectory.slice(0, i, i + 1).toFloats(),
                        expected.get("suggested_atol").getAsDouble());
            }
            assertThat(used[0]).isEqualTo(expected.get("noises_used").getAsInt());
        }
    }

    /** In the file's own order, which samplers do not care about. */
    private static Tensor plain(Fixtures f, String name) { return Tensor.of(f.floats(name), f.shape(name).toArray()); }

    @Test void alphasAreThePublishedOnes() {
        Fixtures.assertClose("alphas_cumprod", schedule().alphasCumprod(), COMMON.floats("alphas_cumprod"), 1e-6);
    }

    private static float[] floats(double[] v) {
        float[] f = new float[v.length];
        for (int i = 0; i < v.length; i++) f[i] = (float) v[i];
        return f;
    }

    @Test void tileGrids() {
        Fixtures f = Fixtures.open("stages/grids.safetensors");
        JsonObject cases = Fixtures.json("stages/stages.json").getAsJsonObject("files").getAsJsonObject("grids.safetensors").getAsJsonObject("cases");
        for (String name : cases.keySet()) {
            JsonObject c = cases.getAsJsonObject(name);
            try (Scope s = Scope.open()) {
                Tensor x = TinyModel.tensor(f, name + ".x");
                TileGrid grid = TileGrid.of(x.size(1), x.size(2), c.getAsJsonArray("kernel").get(0).getAsInt(),
                        c.getAsJsonArray("kernel").get(1).getAsInt(), c.get("overlap").getAsDouble());
                List<List<Integer>> places = grid.tiles().stream().map(t -> List.of(t.row(), t.column())).toList();
                assertThat(places.toString()).as(name).isEqualTo(c.getAsJsonArray("idxes").toString().replace(",", ", "));
                Fixtures.assertClose(name + " weights", floats(grid.weights()), f.floats(name + ".weights"), 1e-6);

                Tensor cuts = TinyModel.tensor(f, name + ".grids"), updated = TinyModel.tensor(f, name + ".updated");
                List<Tensor> parts = new ArrayList<>();
                for (int k = 0; k < grid.tiles().size(); k++) {
                    assertThat(grid.cut(x, grid.tiles().get(k)).toFloats()).isEqualTo(cuts.slice(0, k, k + 1).toFloats());
                    parts.add(updated.slice(0, k, k + 1));
                }
                TinyModel.assertClose(name + " merged", grid.merge(parts), f, name + ".inverse", c.get("suggested_atol_inverse").getAsDouble());
            }
        }
    }
}
