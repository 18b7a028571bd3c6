package dev.faithdiff.restore.dreamclear;

import static dev.faithdiff.restore.dreamclear.TinyDreamClear.GROUP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.data.Percentage.withPercentage;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.FloatImage;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.networks.dreamclear.DreamClearNet;
import dev.faithdiff.networks.t5.T5Config;
import dev.faithdiff.networks.t5.T5Encoder;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.diffusion.Levels;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** DreamClear's networks and tables against the published implementation. */
@Tag("full")
class DreamClearStagesTest {
    @TempDir static Path dir;

    private static Fixtures stage(String name) { return Fixtures.open(GROUP + "stages/" + name + ".safetensors"); }

    private static JsonObject facts(String stage) {
        return Fixtures.json(GROUP + "stages.json").getAsJsonObject("files").getAsJsonObject(stage + ".safetensors");
    }

    private static double atol(String stage, String name) {
        return facts(stage).getAsJsonObject("errors").getAsJsonObject(name).get("suggested_atol").getAsDouble();
    }

    private static void close(String stage, String name, Tensor actual) { Fixtures.assertClose(name, actual, stage(stage), name, atol(stage, name)); }

    private static void with(Consumer<DreamClearModel> test) {
        assumeTrue(TinyDreamClear.isWhole(), "this set lacks DreamClear's network");
        DreamClearModel m = DreamClearModel.open(new ModelFolder(TinyDreamClear.stored(dir)), Compute.on(Device.CPU));
        try (var _ = m.base(); Scope _ = Scope.open()) {
            test.accept(m);
        }
    }

    /** T5 reads no padding, so that of each caption its own tokens are compared. In groups of 8 bits it stays near. */
    @Test void t5() throws Exception {
        Fixtures f = stage("t5");
        Path folder = Fixtures.path(GROUP + "checkpoint/t5-v1_1-tiny");
        T5Config c = T5Config.of(Config.read(folder.resolve("config.json")));
        JsonArray captions = facts("t5").getAsJsonArray("captions");
        int length = f.shape("ids").size(1), rows = f.shape("last_hidden_state").size(1), first = f.shape("block.0").size(1);
        long[] ids = f.longs("ids"), mask = f.longs("mask");
        try (Scope _ = Scope.open(); Weights w = TinyT5.weights(folder)) {
            T5Encoder encoder = new T5Encoder(w, c);
            w.done();
            for (int k = 0; k < captions.size(); k++) {
                int n = (int) Arrays.stream(mask, k * length, (k + 1) * length).sum();
                long[] own = Arrays.copyOfRange(ids, k * length, k * length + n);
                List<Tensor> states = encoder.states(Tensor.of(own, 1, n));
                for (int b = 0; k == 0 && b < c.layers(); b++) rows("block." + b, states.get(b), f.floats("block." + b), 0, Math.min(n, first));
                rows("last_hidden_state", states.getLast(), f.floats("last_hidden_state"), k * rows, Math.min(n, rows));
                assertThat(encoder.forward(Tensor.of(own, 1, n)).toFloats()).isEqualTo(states.getLast().toFloats());
            }
        }
    }

    private static void rows(String name, Tensor actual, float[] stored, int row, int count) {
        int width = actual.size(2);
        Fixtures.assertClose(name, Arrays.copyOf(actual.toFloats(), count * width), Arrays.copyOfRange(stored, row * width, (row + count) * width),
                atol("t5", name));
    }

    @Test void captionsGoThroughT5() {
        with(m -> {
            Fixtures f = stage("t5");
            JsonArray captions = facts("t5").getAsJsonArray("captions");
            long[] ids = f.longs("ids"), mask = f.longs("mask");
            int length = f.shape("ids").size(1), rows = f.shape("last_hidden_state").size(1);
            for (int k = 0; k < captions.size(); k++) {
                int n = (int) Arrays.stream(mask, k * length, (k + 1) * length).sum();
                String caption = captions.get(k).getAsString();
                assertThat(m.captions().tokens(caption)).as(caption).isEqualTo(Arrays.stream(ids, k * length, k * length + n).mapToObj(i -> (int) i)
                        .toList());
                rows("last_hidden_state", m.captions().of(caption), f.floats("last_hidden_state"), k * rows, Math.min(n, rows));
            }
        });
    }

    @Test void cleaner() {
        with(m -> {
            FloatImage image = FloatImage.of(ImageFiles.read(Fixtures.path(GROUP + "stages/image.png")));
            close("swinir", "out", m.cleaner().network().apply(image.toTensor()));
        });
    }

    @Test void autoencoder() {
        with(m -> {
            FloatImage image = FloatImage.of(ImageFiles.read(Fixtures.path(GROUP + "stages/image.png")));
            Tensor moments = m.base().vae.encode(image.toTensor().affine(2, -1));
            close("vae", "moments", moments);
            close("vae", "latent", Vae.Gaussian.of(moments).mean().mul(m.base().vae.config().scaling()));
            close("vae", "decoded", m.base().vae.decode(Fixtures.tensor(stage("vae"), "z").mul(1 / m.base().vae.config().scaling())));
        });
    }

    private static Tensor text(DreamClearNet net, Fixtures f) {
        int n = (int) Arrays.stream(f.longs("mask")).sum(), width = net.config().textWidth();
        return net.text(Tensor.of(Arrays.copyOf(f.floats("caption_embedding"), n * width), 1, n, width));
    }

    @Test void trace() {
        with(m -> {
            Fixtures f = stage("dit_trace");
            DreamClearNet net = m.net();
            Tensor text = text(net, f);
            int n = text.size(1), width = text.size(2), stored = f.shape("y_embedder").size(2), rows = Math.min(n, stored);
            for (int row = 0; row < 2; row++) {
                Fixtures.assertClose("y_embedder", Arrays.copyOfRange(text.toFloats(), row * n * width, (row * n + rows) * width),
                        Arrays.copyOfRange(f.floats("y_embedder"), row * stored * width, (row * stored + rows) * width), atol("dit_trace",
                        "y_embedder"));
            }
            DreamClearNet.Condition condition = net.condition(Fixtures.tensor(f, "c_lq"), Fixtures.tensor(f, "c_pre"));
            close("dit_trace", "c_embedder_lq", condition.lq());
            close("dit_trace", "c_embedder_pre", condition.pre());
            List<String> seen = new ArrayList<>();
            BiConsumer<String, Tensor> compare = (name, value) -> {
                if (!f.has(name)) return;
                seen.add(name);
                boolean once = value.size(0) == 1 && f.shape(name).size(0) == 2; // one row of the timestep stands for both
                Fixtures.assertClose(name, (once ? value.concat(0, value) : value).toFloats(), f.floats(name), atol("dit_trace", name));
            };
            close("dit_trace", "out", net.forward(Fixtures.tensor(f, "x"), 500, text, condition, compare::accept));
            assertThat(seen).hasSizeGreaterThanOrEqualTo(8 * net.config().depth()).contains("t_block", "final_layer", "cross_de.0.de_map",
                    "am_lq.0.gate");
        });
    }

    @Test void answers() {
        with(m -> {
            Fixtures trace = stage("dit_trace"), f = stage("dit");
            DreamClearNet net = m.net();
            Tensor text = text(net, trace), x = Fixtures.tensor(trace, "x");
            DreamClearNet.Condition condition = net.condition(Fixtures.tensor(trace, "c_lq"), Fixtures.tensor(trace, "c_pre"));
            close("dit", "t999", net.forward(x, 999, text, condition));
            close("dit", "t0", net.forward(x, 0, text, condition));
            Tensor alone = net.forward(x.slice(0, 0, 1).mul(1), 500, text.slice(0, 0, 1).mul(1), condition);
            close("dit", "t500_caption_row_alone", alone);
            Tensor odd = Fixtures.tensor(f, "odd.x");
            close("dit", "odd.t321", net.forward(odd, 321, text, net.condition(Fixtures.tensor(f, "odd.c_lq"), Fixtures.tensor(f, "odd.c_pre"))));
            first(f, "cfg4.5_t500", guided(net, text, condition, x.slice(0, 0, 1).mul(1)));
            Tensor tiled = Fixtures.tensor(f, "tiled.x").slice(0, 0, 1).mul(1), lq = Fixtures.tensor(f, "tiled.c_lq"), pre = Fixtures.tensor(f,
                    "tiled.c_pre");
            TileGrid grid = TileGrid.square(tiled.size(1), tiled.size(2), 8, 2, false);
            assertThat(grid.tiles()).hasSizeGreaterThan(1);
            List<Tensor> parts = grid.tiles().stream()
                    .map(t -> guided(net, text, net.condition(grid.cut(lq, t), grid.cut(pre, t)), grid.cut(tiled, t))).toList();
            first(f, "tiled.cfg4.5_t500", grid.merge(parts));
        });
    }

    private static Tensor guided(DreamClearNet net, Tensor text, DreamClearNet.Condition condition, Tensor x) {
        return new DreamClearDenoiser(net, DType.F32, text, List.of(condition), 4.5f, true, null)
                .guided(net.forward(x.concat(0, x), 500, text, condition));
    }

    /** The row that is fed on. */
    private static void first(Fixtures f, String name, Tensor row) {
        float[] both = f.nhwc(name);
        Fixtures.assertClose(name, row.toFloats(), Arrays.copyOf(both, both.length / 2), atol("dit", name));
    }

    @Test void tables() {
        Fixtures f = stage("schedules");
        for (int steps : new int[] {4, 5, 20, 50}) {
            String chain = "iddpm" + steps + ".";
            LearnedVarianceSampler s = LearnedVarianceSampler.of(DreamClearSampler.TABLE, steps);
            Levels levels = s.levels();
            for (int i = 0; i < steps; i++) {
                int at = steps - 1 - i;
                assertThat(levels.timesteps()[i]).isEqualTo(f.longs(chain + "timesteps")[at]);
                near(levels.from()[i], f.floats(chain + "sqrt_recipm1_alphas_cumprod")[at]);
                near((float) (1 / Levels.alpha(levels.from()[i])), f.floats(chain + "sqrt_recip_alphas_cumprod")[at]);
                near(s.clean()[i], f.floats(chain + "posterior_mean_coef1")[at]);
                near(s.stays()[i], f.floats(chain + "posterior_mean_coef2")[at]);
                near(s.least()[i], f.floats(chain + "posterior_log_variance_clipped")[at]);
                near((float) Math.exp(s.most()[i]), f.floats(chain + "betas")[at]);
            }
        }
        double[] alphas = DreamClearSampler.TABLE.alphas();
        float[] stored = f.floats("iddpm1000.alphas_cumprod");
        for (int t = 0; t < alphas.length; t++) near((float) alphas[t], stored[t]);
    }

    private static void near(float actual, float stored) {
        if (stored == 0) assertThat(actual).isCloseTo(stored, within(1e-7f));
        else assertThat(actual).isCloseTo(stored, withPercentage(2e-4));
    }

    /** The published solver on a network that is one matrix, guided by a scale of 4.5. */
    @Test void dpmSolver() {
        assumeTrue(Files.exists(Fixtures.path(GROUP + "stages/dpm_solver.safetensors")), "this set lacks the solver");
        Fixtures f = stage("dpm_solver");
        try (Scope _ = Scope.open()) {
            Tensor matrix = Tensor.of(f.floats("A"), f.shape("A").toArray());
            for (int steps : new int[] {5, 14, 20}) {
                Sampler sampler = DreamClearSampler.DPM_SOLVER.of(steps);
                Tensor x = Fixtures.tensor(f, "z");
                try (Sampler.State state = sampler.begin()) {
                    for (int i = 0; i < steps; i++) {
                        double sigma = sampler.levels().from()[i];
                        Tensor eps = x.linear(matrix, null).mul((float) (0.5 + sampler.timesteps()[i] / 1000)).affine(1, -0.1f + 4.5f * 0.2f);
                        Tensor data = x.mul((float) (1 / Levels.alpha(sigma))).sub(eps.mul((float) sigma));
                        x = state.step(x, data, i, () -> { throw new AssertionError("draws noise"); });
                    }
                }
                float[] stored = f.nhwc("dpms_" + steps);
                double largest = 0;
                for (float v : stored) largest = Math.max(largest, Math.abs(v));
                Fixtures.assertClose("dpms_" + steps, x.toFloats(), stored, 2e-5 * largest);
            }
        }
    }
}
