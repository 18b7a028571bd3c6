package dev.faithdiff.restore.supir;

import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.FloatImage;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.clip.ClipTokenizer;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.diffusion.Levels;
import dev.faithdiff.restore.diffusion.SignalTable;
import dev.faithdiff.restore.sd.RoundedSize;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What SUPIR does around its networks, against the published implementation: schedules, tiles, sizes and colours. */
class SupirPartsTest {
    private static final JsonObject FILES = Fixtures.json("supir/stages.json").getAsJsonObject("files");
    private final Fixtures schedules = Fixtures.open("supir/stages/schedules.safetensors");
    private final SignalTable table = SignalTable.of(Config.of(Path.of("scheduler"),
            "{\"num_train_timesteps\": 1000, \"beta_start\": 0.00085, \"beta_end\": 0.012}"));

    /** The tolerance that the fixtures state, for factors of the largest value. */
    private void near(String name, double[] actual) {
        float[] expected = schedules.floats(name);
        assertThat(actual).as(name).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            assertThat((double) (float) actual[i]).as("%s %d", name, i).isCloseTo(expected[i], withPercentage(2e-5));
        }
    }

    private static double[] ended(float[] sigmas) {
        double[] all = new double[sigmas.length + 1];
        for (int i = 0; i < sigmas.length; i++) all[i] = sigmas[i];
        return all;
    }

    @Test void stepsBeginAtThePublishedNoise() {
        for (String name : schedules.names()) {
            String[] kind = name.split("\\.");
            int steps = kind.length == 2 && kind[1].matches("\\d+") ? Integer.parseInt(kind[1]) : 0;
            switch (kind[0]) {
                case "legacy_ddpm" -> near(name, ended(SupirSampler.sigmas(table, steps)));
                case "karras_of_dpmpp2m" -> near(name, ended(SupirSampler.DPMPP_2M.of(table, steps, 5, 1).levels().from()));
                case "timesteps" -> {
                    double[] visited = SupirSampler.EDM.of(table, steps, 0, 1).levels().timesteps();
                    long[] expected = schedules.longs(name);
                    for (int i = 0; i < expected.length; i++) assertThat((long) visited[i]).as(name).isEqualTo(expected[i]);
                }
                default -> {}
            }
        }
        double[] all = new double[table.timesteps()];
        for (int i = 0; i < all.length; i++) all[i] = table.sigma(i);
        near("denoiser_sigmas", all);
    }

    @Test void networksSeeTheNearestNoise() {
        float[] probes = schedules.floats("probe_sigma");
        long[] indices = schedules.longs("probe_index");
        double[] nearest = new double[probes.length], in = new double[probes.length], out = new double[probes.length],
                scale = new double[probes.length];
        for (int i = 0; i < probes.length; i++) {
            assertThat(table.nearest(probes[i])).isEqualTo((int) indices[i]);
            nearest[i] = table.sigma(table.nearest(probes[i]));
            in[i] = Levels.alpha(nearest[i]);
            out[i] = -nearest[i];
            scale[i] = new Ramp(1, 4).at(probes[i]);
        }
        near("probe_quantised", nearest);
        near("probe_c_in", in);
        near("probe_c_out", out);
        float[] expected = schedules.floats("probe_linear_cfg_1_to_4");
        for (int i = 0; i < scale.length; i++) assertThat(scale[i]).isCloseTo(expected[i], org.assertj.core.data.Offset.offset(1e-6));
    }

    /** With few steps churn is at its most, and the noise of the first step is raised, too. */
    @Test void churnRaisesTheNoiseOfEachStep() {
        assertThat(SupirSampler.EDM.raised(50, 5)).isEqualTo(0.1);
        assertThat(SupirSampler.EDM.raised(4, 5)).isEqualTo(Math.sqrt(2) - 1);
        assertThat(SupirSampler.DPMPP_2M.raised(4, 5)).isZero();
        Levels levels = SupirSampler.EDM.of(table, 50, 5, 1.01).levels();
        float[] plain = SupirSampler.sigmas(table, 50);
        for (int i = 0; i < 50; i++) assertThat(levels.from()[i]).isCloseTo(plain[i] * 1.1f, withPercentage(1e-4));
        assertThat(levels.timesteps()[0]).isEqualTo(999);
        assertThat(levels.to()[49]).isZero();
    }

    @Test void tilesLieAsPublished() {
        JsonObject facts = FILES.getAsJsonObject("schedules.safetensors").getAsJsonObject("windows");
        facts.asMap().forEach((name, windows) -> {
            Matcher m = Pattern.compile("(\\d+)x(\\d+)_tile(\\d+)_stride(\\d+)").matcher(name);
            assertThat(m.matches()).isTrue();
            int size = Integer.parseInt(m.group(3));
            TileGrid grid = TileGrid.of(Integer.parseInt(m.group(1)), Integer.parseInt(m.group(2)), size, size,
                    Integer.parseInt(m.group(4)) / (double) size);
            List<TileGrid.Tile> expected = new ArrayList<>();
            for (JsonElement e : windows.getAsJsonArray()) {
                JsonArray w = e.getAsJsonArray();
                expected.add(new TileGrid.Tile(w.get(0).getAsInt(), w.get(2).getAsInt()));
            }
            assertThat(grid.tiles()).as(name).containsExactlyElementsOf(expected);
        });
        for (String name : schedules.names().stream().filter(n -> n.startsWith("tile_weights_")).toList()) {
            int side = schedules.shape(name).size(0);
            near(name, TileGrid.of(side, side, side, side, 1).weights());
        }
    }

    @Test void coloursAreThoseOfTheFirstStage() {
        assumeTrue(Files.exists(Fixtures.path("supir/stages/colour_fix.safetensors")), "this set has no colours");
        Fixtures f = Fixtures.open("supir/stages/colour_fix.safetensors");
        JsonObject errors = FILES.getAsJsonObject("colour_fix.safetensors").getAsJsonObject("errors");
        try (Scope _ = Scope.open()) {
            FloatImage content = FloatImage.of(Fixtures.tensor(f, "content")), style = FloatImage.of(Fixtures.tensor(f, "style"));
            Fixtures.assertClose("wavelet", ColorFix.wavelet(content, style).rgb(), f.nhwc("wavelet"), atol(errors, "wavelet"));
            Fixtures.assertClose("adain", ColorFix.adain(content, style).rgb(), f.nhwc("adain"), atol(errors, "adain"));
        }
    }

    private static double atol(JsonObject errors, String name) { return errors.getAsJsonObject(name).get("suggested_atol").getAsDouble(); }

    /** The second encoder's tokenizer pads with 0 and takes no word for a mark. */
    @Test void tokensAreThePublishedOnes(@TempDir Path model) throws IOException {
        JsonObject stored = Fixtures.json("supir/prompts.json");
        TinySupir.tokenizers(model);
        for (int encoder = 1; encoder <= 2; encoder++) {
            ClipTokenizer tokenizer = ClipTokenizer.open(model.resolve(encoder == 1 ? "tokenizer" : "tokenizer_2"));
            for (int i = 0; i < stored.getAsJsonArray("prompts").size(); i++) {
                int[] ids = stored.getAsJsonArray("ids_encoder_" + encoder).get(i).getAsJsonArray().asList().stream()
                        .mapToInt(JsonElement::getAsInt).toArray();
                assertThat(tokenizer.encode(stored.getAsJsonArray("prompts").get(i).getAsString())).as("encoder %d, prompt %d", encoder, i)
                        .isEqualTo(ids);
            }
        }
    }

    /** Photos as the networks see them; a case with {@code fix} has its shorter side enlarged to that. */
    @Test void photosAreEnlargedAsPublished() {
        assumeTrue(Files.exists(Fixtures.path("supir/resize")), "this set has no pictures of sizes");
        Image photo = ImageFiles.read(Fixtures.path("supir/resize/input.png"));
        Fixtures.json("supir/resize/resize.json").getAsJsonObject("cases").keySet().forEach(name -> {
            Matcher m = Pattern.compile("pil2tensor_up(\\d+)_min(\\d+)_fix(\\w+)\\.png").matcher(name);
            assertThat(m.matches()).isTrue();
            boolean fixed = !m.group(3).equals("None");
            double scale = fixed ? Integer.parseInt(m.group(3)) / (double) Math.min(photo.width(), photo.height()) : Integer.parseInt(m.group(1));
            Options o = Options.defaults().with(SCALE, scale).with(PROCESS_SIZE, Integer.parseInt(m.group(2)));
            Image expected = ImageFiles.read(Fixtures.path("supir/resize/" + name));
            assertThat(RoundedSize.enlarged(photo, ResultSize.of(o, photo), o)).as(name).isEqualTo(expected);
        });
    }

    @Test void resultsAreResizedAsPublished() {
        assumeTrue(Files.exists(Fixtures.path("supir/resize")), "this set has no pictures of sizes");
        Fixtures f = Fixtures.open("supir/resize/tensor2pil_input.safetensors");
        int h = f.shape("x").size(1), w = f.shape("x").size(2);
        try (Scope _ = Scope.open()) {
            float[] rgb = Tensor.of(f.floats("x"), 1, 3, h, w).permute(0, 2, 3, 1).toFloats();
            for (String size : List.of("40x29", "81x50", "96x64", "150x100")) {
                Image expected = ImageFiles.read(Fixtures.path("supir/resize/tensor2pil_" + size + ".png"));
                Image own = Supir.resized(rgb, w, h, new ResultSize(expected.width(), expected.height()), 8);
                StoredSupir.near(size, own, expected);
            }
        }
    }
}
