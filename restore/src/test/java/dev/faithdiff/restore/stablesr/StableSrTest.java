package dev.faithdiff.restore.stablesr;

import static dev.faithdiff.Fixtures.tensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;
import static org.assertj.core.data.Percentage.withPercentage;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.FloatImage;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.diffusion.Levels;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.diffusion.SignalTable;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.ResizeOp;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** StableSR's runs, tables, tiles, sizes and colours against the published implementation. */
class StableSrTest {
    private static final JsonObject JSON = Fixtures.json("stablesr/stablesr.json"), FILES = JSON.getAsJsonObject("files");
    private static final Pattern GRID = Pattern.compile("h(\\d+) w(\\d+) tile (\\d+) overlap (\\d+)");
    private static final SignalTable TABLE = SignalTable.of(Config.read(Fixtures.path("sd21/diffusers/scheduler/scheduler_config.json")));
    @TempDir static Path dir;

    static Set<String> runs() { return JSON.getAsJsonObject("runs").keySet(); }

    @ParameterizedTest
    @MethodSource("runs")
    void givesThePublishedImage(String name) {
        assumeTrue(TinyStableSr.isWhole(), TinyStableSr.CUT);
        StoredStableSr stored = new StoredStableSr(name);
        StableSrModel model = StableSrModel.open(new ModelFolder(TinyStableSr.stored(dir, stored.predictsVelocity())), Compute.on(Device.CPU));
        try (SdModel _ = model.base(); Scope _ = Scope.open()) {
            stored.check(model);
        }
    }

    private static double atol(String file, String tensor) {
        return FILES.getAsJsonObject(file).getAsJsonObject("errors").getAsJsonObject(tensor).get("suggested_atol").getAsDouble();
    }

    /** The published tables, of which the betas and the shares of signal are made as the sampler makes them. */
    @Test void noiseLevelsAreThePublishedOnes() {
        Fixtures f = Fixtures.open("stablesr/schedule.safetensors");
        List<String> numbers = f.names().stream().filter(n -> n.endsWith(".timesteps")).map(n -> n.substring(0, n.indexOf('.'))).toList();
        assertThat(numbers).isNotEmpty();
        for (String n : numbers) {
            Levels levels = StableSrSampler.DDPM.of(TABLE, Integer.parseInt(n), null).levels();
            assertThat(reversed(levels.timesteps())).containsExactly(doubles(f.longs(n + ".timesteps")));
            float[] betas = reversed(StableSrSampler.betas(TABLE, levels.timesteps())),
                    signal = reversed(StableSrSampler.signal(TABLE, levels.timesteps()));
            Map<String, float[]> tables = new LinkedHashMap<>();
            tables.put("betas", betas);
            tables.put("alphas_cumprod", signal);
            tables.put("sqrt_recipm1_alphas_cumprod", reversed(levels.from()));
            tables.put("sqrt_alphas_cumprod", each(reversed(levels.from()), Levels::alpha));
            tables.put("sqrt_one_minus_alphas_cumprod", each(reversed(levels.from()), Levels::spread));
            tables.put("sqrt_recip_alphas_cumprod", each(reversed(levels.from()), sigma -> 1 / Levels.alpha(sigma)));
            float[] data = new float[betas.length], latents = new float[betas.length], variance = new float[betas.length];
            for (int i = 0; i < betas.length; i++) {
                double before = i == 0 ? 1 : signal[i - 1], left = 1.0 - signal[i];
                data[i] = (float) (betas[i] * Math.sqrt(before) / left);
                latents[i] = (float) ((1 - before) * Math.sqrt(1 - betas[i]) / left);
                variance[i] = (float) (betas[i] * (1 - before) / left);
            }
            tables.put("posterior_mean_coef1", data);
            tables.put("posterior_mean_coef2", latents);
            tables.put("posterior_variance", variance);
            tables.put("posterior_log_variance_clipped", each(variance, v -> Math.log(Math.max(v, 1e-20))));
            assertThat(f.names().stream().filter(name -> name.startsWith(n + "."))).hasSize(tables.size() + 1);
            tables.forEach((name, values) -> Fixtures.assertClose(n + " " + name, values, f.floats(n + "." + name),
                    atol("schedule.safetensors", n + "." + name)));
            takesThePublishedSteps(n, f, betas.length);
        }
    }

    /** What a step keeps of the latents and takes of the data. The published numbers have the rounding of small betas, which these have not. */
    private static void takesThePublishedSteps(String n, Fixtures f, int steps) {
        float[] latents = f.floats(n + ".posterior_mean_coef2"), data = f.floats(n + ".posterior_mean_coef1"), betas = f.floats(n + ".betas");
        Sampler sampler = StableSrSampler.DDPM.of(TABLE, steps, null);
        try (Scope _ = Scope.open(); Sampler.State state = sampler.begin()) {
            Tensor one = Tensor.of(new float[] {1}, 1, 1, 1, 1), none = one.mul(0);
            for (int step = 0; step < steps; step++) {
                int i = steps - 1 - step;
                double rounding = Math.max(2e-6, Math.ulp(1f) / betas[i]);
                assertThat((double) state.step(one, none, step, () -> none).toFloats()[0]).isCloseTo(latents[i], offset(rounding));
                assertThat((double) state.step(none, one, step, () -> none).toFloats()[0]).isCloseTo(data[i], offset(rounding));
            }
        }
    }

    private static float[] each(float[] values, DoubleUnaryOperator f) {
        float[] all = new float[values.length];
        for (int i = 0; i < all.length; i++) all[i] = (float) f.applyAsDouble(values[i]);
        return all;
    }

    private static float[] reversed(float[] values) {
        float[] all = new float[values.length];
        for (int i = 0; i < all.length; i++) all[i] = values[all.length - 1 - i];
        return all;
    }

    /** The network is told other timesteps than those of the noise levels. */
    @Test void ddimHasThePublishedMismatch() {
        Fixtures f = Fixtures.open("stablesr/ddim_tables.safetensors");
        List<String> tables = f.names().stream().filter(n -> n.endsWith(".model_timesteps")).map(n -> n.substring(0, n.lastIndexOf('.'))).toList();
        assertThat(tables).isNotEmpty();
        for (String table : tables) {
            int steps = Integer.parseInt(table.substring(0, table.indexOf('.')));
            double eta = Double.parseDouble(table.substring(table.indexOf("eta") + 3));
            Levels levels = StableSrSampler.DDIM.of(TABLE, steps, eta).levels(),
                    matched = StableSrSampler.DDIM_MATCHED.of(TABLE, steps, eta).levels();
            assertThat(reversed(levels.timesteps())).containsExactly(doubles(f.longs(table + ".model_timesteps")));
            float[] alphas = new float[steps], before = new float[steps], drawn = new float[steps];
            for (int i = 0; i < steps; i++) {
                double from = levels.from()[steps - 1 - i], to = levels.to()[steps - 1 - i], a = Math.pow(Levels.alpha(from), 2);
                alphas[i] = (float) a;
                before[i] = (float) Math.pow(Levels.alpha(to), 2);
                double fall = to / from;
                drawn[i] = (float) (eta * Math.sqrt((1 - Math.pow(Levels.alpha(to), 2)) * Math.max(0, 1 - fall * fall)));
                assertThat(matched.from()[steps - 1 - i]).isCloseTo((float) TABLE.sigma((int) matched.timesteps()[steps - 1 - i]),
                        withPercentage(0.01));
            }
            Fixtures.assertClose(table + " alphas", alphas, f.floats(table + ".alphas"), atol("ddim_tables.safetensors", table + ".alphas"));
            Fixtures.assertClose(table + " alphas_prev", before, f.floats(table + ".alphas_prev"),
                    atol("ddim_tables.safetensors", table + ".alphas_prev"));
            Fixtures.assertClose(table + " sigmas", drawn, f.floats(table + ".sigmas"), atol("ddim_tables.safetensors", table + ".sigmas"));
        }
    }

    private static double[] doubles(long[] values) { return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray(); }

    private static double[] reversed(double[] values) {
        return IntStream.range(0, values.length).mapToDouble(i -> values[values.length - 1 - i]).toArray();
    }

    /** The published order is by columns; which tiles there are is the same. */
    @Test void tilesAreThePublishedOnes() {
        Fixtures f = Fixtures.open("stablesr/canvas.safetensors");
        FILES.getAsJsonObject("canvas.safetensors").getAsJsonObject("grids").asMap().forEach((name, origins) -> {
            Matcher m = GRID.matcher(name);
            assertThat(m.matches()).as(name).isTrue();
            int[] n = IntStream.rangeClosed(1, 4).map(i -> Integer.parseInt(m.group(i))).toArray();
            Pieces one = new Pieces(new TileGrid(8 * n[0], 8 * n[1], 8 * n[0], 8 * n[1], false, List.of(new TileGrid.Tile(0, 0))));
            TileGrid grid = one.tiles(n[0], n[1], n[2], (n[2] - n[3]) / (double) n[2]);
            assertThat(grid.tiles()).as(name).containsExactlyInAnyOrderElementsOf(origins.getAsJsonArray().asList().stream()
                    .map(StableSrTest::tile).toList());
        });
        assertThat(TileGrid.of(8, 8, 8, 8, 1).weights()).containsExactly(doubles(f, "weights_8x8_f64"), offset(1e-12));
        double[] large = TileGrid.of(64, 64, 64, 64, 1).weights(), edges = doubles(f, "weights_64_row0_col0_f64");
        for (int i = 0; i < 64; i++) {
            assertThat(large[i]).isCloseTo(edges[i], offset(1e-12));
            assertThat(large[64 * i]).isCloseTo(edges[64 + i], offset(1e-12));
        }
    }

    private static double[] doubles(Fixtures f, String name) {
        double[] values = new double[Math.toIntExact(f.shape(name).count())];
        for (int i = 0; i < values.length; i++) values[i] = f.entry(name).data().get(ValueLayout.JAVA_DOUBLE_UNALIGNED, 8L * i);
        return values;
    }

    private static TileGrid.Tile tile(JsonElement origin) {
        JsonArray at = origin.getAsJsonArray();
        return new TileGrid.Tile(at.get(0).getAsInt(), at.get(1).getAsInt());
    }

    @Test void coloursAndSizesAreThePublishedOnes() {
        Fixtures f = Fixtures.open("stablesr/colour_resize.safetensors");
        try (Scope _ = Scope.open()) {
            for (int i = 0; i < f.shape("content").size(0); i++) {
                FloatImage content = image(tensor(f, "content").slice(0, i, i + 1)), style = image(tensor(f, "style").slice(0, i, i + 1));
                for (ColorFix fix : List.of(ColorFix.ADAIN, ColorFix.WAVELET)) {
                    if (!f.has(fix.toString())) continue;
                    float[] fixed = fix.apply(content, style).toTensor().affine(2, -1).toFloats(), all = f.nhwc(fix.toString());
                    float[] expected = Arrays.copyOfRange(all, i * fixed.length, (i + 1) * fixed.length);
                    Fixtures.assertClose(fix + " " + i, fixed, expected, atol("colour_resize.safetensors", fix.toString()));
                }
            }
            for (String name : f.names().stream().filter(n -> n.startsWith("bi")).toList()) {
                ResizeOp.Kind kind = name.startsWith("bicubic") ? ResizeOp.Kind.BICUBIC : ResizeOp.Kind.BILINEAR;
                Tensor resized = tensor(f, "style").slice(0, 0, 1).resize(new ResizeOp(kind, false, f.shape(name).size(2), f.shape(name).size(3)));
                Fixtures.assertClose(name, resized, f, name, atol("colour_resize.safetensors", name));
            }
        }
    }

    /** In 0..1 of -1..1. */
    static FloatImage image(Tensor x) { return new FloatImage(x.size(2), x.size(1), x.affine(0.5f, 0.5f).toFloats()); }
}
