package dev.faithdiff.restore.diffusion;

import static dev.faithdiff.Fixtures.tensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.Shortcut;
import dev.faithdiff.networks.unet.Site;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.WeightSource;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.HeatMap;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.StreamSupport;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Maps of words against stored ones of the published rule, and against sums in plain Java. */
class AttributionTest {
    private static final int HEADS = 2, TOKENS = 5;
    private Scope scope;

    @BeforeEach void open() { scope = Scope.open(); }

    @AfterEach void close() { scope.close(); }

    /** The fixture's weights, which follow from name and index ({@code fixtures/make/daam.py}). */
    private record NamedWeights() implements WeightSource {
        @Override public String name() { return "weights by name"; }

        @Override public Map<String, Held> held() { return null; }

        @Override public Tensor get(String key, Init init, Shape shape) {
            int[] s = shape.toArray();
            float[] values = new float[Math.toIntExact(shape.count())];
            CRC32 crc = new CRC32();
            crc.update(key.getBytes(StandardCharsets.UTF_8));
            for (int i = 0; i < values.length; i++) {
                long index = s.length == 4 ? published(i, s) : i;
                double u = ((index + crc.getValue()) * 2654435761L & 0xffffffffL) / (double) (1L << 31) - 1;
                if (s.length == 1) u = 0.2 * u + (key.endsWith("weight") ? 1 : 0);
                else u = u * 2 / Math.sqrt(values.length / s[0]);
                values[i] = (float) u;
            }
            return Tensor.of(values, s);
        }

        /** The index in {@code [O, I, kh, kw]} of an element of {@code [O, kh, kw, I]}. */
        private static long published(int i, int[] s) {
            int channel = i % s[3], place = i / s[3] % (s[1] * s[2]), out = i / (s[1] * s[2] * s[3]);
            return ((long) out * s[3] + channel) * s[1] * s[2] + place;
        }
    }

    @Test void givesThePublishedMaps() {
        JsonObject json = Fixtures.json("daam/daam.json"), atol = json.getAsJsonObject("atol"), words = json.getAsJsonObject("words");
        Fixtures f = Fixtures.open("daam/daam.safetensors");
        Function<String, int[]> places = word -> StreamSupport.stream(words.getAsJsonArray(word).spliterator(), false)
                .mapToInt(JsonElement::getAsInt).toArray();
        int height = f.shape("latents").size(2), width = f.shape("latents").size(3);
        Attribution attribution = new Attribution(TileGrid.of(height, width, height, width, 1), List.copyOf(words.keySet()), places);
        try (Weights w = Weights.of(new NamedWeights(), Device.CPU, null, null)) {
            UNet unet = new UNet(w, UNetConfig.of(Config.of(Fixtures.path("daam/daam.json"), json.getAsJsonObject("unet").toString())));
            Context states = new Context(tensor(f, "states")), text = attribution.watched(states);
            int step = 0;
            for (JsonElement t : json.getAsJsonArray("timesteps")) {
                Tensor temb = unet.embedTime(t.getAsFloat(), tensor(f, "pooled"), tensor(f, "sizes"));
                Tensor x = unet.embed(tensor(f, "latents").slice(0, step, ++step)), prediction = unet.denoise(x, temb, text);
                assertThat(prediction.toFloats()).as("unwatched").isEqualTo(unet.denoise(x, temb, states).toFloats());
                if (step == f.shape("latents").size(0)) {
                    Fixtures.assertClose("prediction", prediction, f, "prediction", atol.get("prediction").getAsDouble());
                }
            }
        }
        Map<String, HeatMap> maps = attribution.maps(width, height);
        assertThat(maps.keySet()).isEqualTo(words.keySet());
        float[] expected = f.floats("maps");
        int at = 0;
        for (HeatMap map : maps.values()) {
            float[] own = new float[height * width];
            System.arraycopy(expected, own.length * at++, own, 0, own.length);
            Fixtures.assertClose("map " + at, map.values(), own, atol.get("maps").getAsDouble());
        }
    }

    private static Tensor random(int seed, int... sizes) { return Tensor.of(Rng.cpu(seed).randn(Math.toIntExact(Shape.of(sizes).count())), sizes); }

    private static Context.Place place(Site.Part part, int h, int w) { return new Context.Place(new Site.Layer(part, 0, 0), h, w); }

    /** The mean over heads of a token's probabilities, for the last row of q {@code [rows, T, HEADS*d]} and k {@code [rows, TOKENS, HEADS*d]}. */
    private static double[] probabilities(Tensor q, Tensor k, int token) {
        int rows = q.size(0), queries = q.size(1), width = q.size(2), d = width / HEADS;
        double[] mean = new double[queries];
        for (int t = 0; t < queries; t++) {
            for (int head = 0; head < HEADS; head++) {
                double[] e = new double[TOKENS];
                double sum = 0;
                for (int s = 0; s < TOKENS; s++) {
                    double dot = 0;
                    for (int i = head * d; i < (head + 1) * d; i++) {
                        dot += q.get(((long) (rows - 1) * queries + t) * width + i) * k.get(((long) (rows - 1) * TOKENS + s) * width + i);
                    }
                    sum += e[s] = Math.exp(dot / Math.sqrt(d));
                }
                mean[t] += e[token] / sum / HEADS;
            }
        }
        return mean;
    }

    /** Two tiles side by side; one block runs in both steps, another one in the first, as with a cache; the middle does not count. */
    @Test void addsUpHeadsStepsAndTiles() {
        int h = 3, w = 4, pixels = h * w;
        TileGrid grid = TileGrid.of(h, 2 * w, h, w, 1);
        Attribution attribution = new Attribution(grid, List.of("word"), word -> new int[] {1, 3});
        List<double[]> expected = new ArrayList<>();
        for (int tile = 0; tile < 2; tile++) {
            double[] sum = new double[pixels];
            for (int step = 0; step < 2; step++) {
                for (String block : step == 0 ? List.of("a", "b", "middle") : List.of("a", "middle")) {
                    int seed = 10 * tile + 3 * step + block.length() + block.charAt(0);
                    Tensor q = random(seed, 1 + step, pixels, 6), k = random(100 + seed, 1 + step, TOKENS, 6);
                    boolean isMiddle = block.equals("middle");
                    see(attribution, tile, place(isMiddle ? Site.Part.MIDDLE : Site.Part.UP, h, w), block, q, k);
                    if (isMiddle) continue;
                    double[] first = probabilities(q, k, 1), second = probabilities(q, k, 3);
                    for (int i = 0; i < pixels; i++) sum[i] += (first[i] + second[i]) / 2 / (block.equals("a") ? 2 : 1) / 2;
                }
            }
            expected.add(sum);
        }
        float[] map = attribution.maps(2 * w, h).get("word").values(), own = new float[map.length];
        for (int y = 0; y < h; y++) for (int x = 0; x < 2 * w; x++) own[2 * w * y + x] = (float) expected.get(x / w)[w * y + x % w];
        Fixtures.assertClose("tiles side by side", map, own, 1e-6);
        assertThat(attribution.maps(50, 30).get("word")).returns(50, HeatMap::width).returns(30, HeatMap::height);
    }

    /** A block attends while the denoiser works on a tile. */
    private static void see(Attribution attribution, int tile, Context.Place place, String block, Tensor q, Tensor k) {
        attribution.over((latents, at) -> {
            attribution.attends(place, block, q, k, HEADS);
            return latents;
        }).predict(q, new Denoiser.At(tile, 0, 1, false, Shortcut.NONE));
    }

    @Test void withoutWordsNothingIsWatched() {
        Attribution none = new Attribution(TileGrid.of(2, 2, 2, 2, 1), List.of(), null);
        Context text = new Context(random(1, 1, 2, 3));
        Denoiser denoiser = (latents, at) -> latents;
        assertThat(none.watched(text)).isSameAs(text);
        assertThat(none.over(denoiser)).isSameAs(denoiser);
        assertThat(none.maps(4, 4)).isEmpty();
    }

    @Test void aWordThatThePromptLacksIsRefused() {
        assertThatThrownBy(() -> new Attribution(TileGrid.of(2, 2, 2, 2, 1), List.of("cat", "dog"),
                w -> w.equals("cat") ? new int[] {3} : new int[0]))
                .isInstanceOf(IllegalArgumentException.class).hasMessage("the prompt, as the model reads it, has no 'dog'");
    }
}
