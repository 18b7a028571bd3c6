package dev.faithdiff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Image;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.networks.vae.VaeConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.diffusion.Guidance;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.diffusion.Samplers;
import dev.faithdiff.restore.diffusion.TiledVae;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.restore.tiles.TileSource;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Pool;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Backend;
import java.nio.file.Path;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the networks of full size hold at their peak, on a device that only counts. */
@Tag("full")
class MemoryTest {
    /** Pixels of the whole image whose peak is measured, large enough for the pool's idle blocks to be a small part. */
    private static final int SIDE = 2048;
    /** Eight times a photo of 1000 x 750, decoded with so much memory. */
    private static final int WIDTH = 8000, HEIGHT = 6000;
    private static final long BUDGET = 1L << 30;
    /** The image itself and whatever is not a network's. */
    private static final long REST = 512L << 20;

    private static final Path DEFAULT = Path.of(System.getProperty("faithdiff.home"), "models/faithdiff-mini");

    private final Device dry = Backend.device("dry");

    @Test void defaultAutoencoder() { check(VaeConfig.of(Config.read(DEFAULT.resolve("vae/config.json")))); }

    @Test void publishedAutoencoder() { check(new VaeConfig(new int[] {128, 256, 512, 512}, 2, 4, 32, true, 0.13025f)); }

    /** The estimate by which tiles are chosen holds and is not far off. */
    private void check(VaeConfig c) {
        try (Scope _ = Scope.open(); Weights w = Weights.init(1, dry)) {
            Vae vae = new Vae(w, c);
            int latents = SIDE / c.downscale();
            Tensor z = Tensor.empty(dry, DType.F32, Shape.of(1, latents, latents, c.latentChannels()));
            Tensor image = Tensor.empty(dry, DType.F32, Shape.of(1, SIDE, SIDE, 3));
            assertThat(peak(() -> vae.decode(z))).isBetween(c.decodeBytes() * SIDE * SIDE * 3 / 4, most(c.decodeBytes() * SIDE * SIDE));
            assertThat(peak(() -> vae.encode(image))).isBetween(c.encodeBytes() * SIDE * SIDE * 3 / 4, most(c.encodeBytes() * SIDE * SIDE));
        }
    }

    @Test void largeImagesTakeTheMemoryOfATile() {
        try (Model model = Model.open(DEFAULT, dry); Scope _ = Scope.open()) {
            TiledVae vae = new TiledVae(model.vae, dry, DType.F32, 0, BUDGET);
            TiledCondition conditions = new TiledCondition(model, 0, BUDGET), inParts = new TiledCondition(model, 0, BUDGET / 8);
            int down = model.vae.config().downscale(), h = HEIGHT / down, w = WIDTH / down;
            Tensor z = Tensor.empty(dry, DType.F32, Shape.of(1, h, w, model.vae.config().latentChannels()));
            TileSource image = (top, left, height, width) -> Tensor.empty(dry, DType.F32, Shape.of(1, height, width, 3));
            Image[] decoded = new Image[1];
            assertThat(peak(() -> decoded[0] = vae.decode(z, 8, () -> {}))).isLessThan(most(BUDGET));
            assertThat(decoded[0].width() + "x" + decoded[0].height()).isEqualTo(WIDTH + "x" + HEIGHT);
            assertThat(peak(() -> vae.encode(image, h, w, () -> {}))).isLessThan(most(BUDGET));
            assertThat(peak(() -> conditions.features(image, h / 4, w / 4, () -> {}))).isLessThan(most(BUDGET));
            Tensor features = Tensor.empty(dry, DType.F32, Shape.of(1, h / 2, w / 2, model.unet.config().conditionChannels()));
            long whole = peak(() -> conditions.ofImage(features)), parts = peak(() -> inParts.ofImage(features));
            assertThat(whole).isLessThan(most(BUDGET));
            assertThat(parts).isLessThan(whole / 2);
        }
    }

    /** An image of 8192 x 8192 has 225 tiles; what stays of each is its condition, unless that is the image's, and the latents of one step. */
    @Test void hundredsOfTilesHoldLittle() {
        try (Model model = Model.open(DEFAULT, dry); Scope _ = Scope.open()) {
            int down = model.vae.config().downscale(), side = 8192 / down, tile = 1024 / down, channels = model.vae.config().latentChannels();
            TileGrid grid = TileGrid.of(side, side, tile, tile, 0.5);
            Tensor features = Tensor.empty(dry, DType.F32, Shape.of(1, side, side, model.unet.config().conditionChannels()));
            Tensor start = Tensor.empty(dry, DType.F32, Shape.of(1, side, side, channels));
            Sampler sampler = Samplers.EULER.create(model.schedule, model.scheduler, 2).from(1);
            long ofTile = (long) tile * tile * Float.BYTES, condition = ofTile * model.unet.config().embeddingChannels();
            TiledCondition conditions = new TiledCondition(model, 0, BUDGET);
            TileGrid one = TileGrid.of(tile, tile, tile, tile, 1);
            long unet = peak(() -> denoise(model, start, conditions.ofTiles(features, one), sampler, one));
            assertThat(grid.tiles()).hasSize(225);
            long stays = unet + 3 * channels * ofTile * grid.tiles().size() + 3 * start.bytes();
            assertThat(peak(() -> denoise(model, start, conditions.ofTiles(features, grid), sampler, grid))).isLessThan(stays + 225 * condition);
            Tensor whole = Tensor.empty(dry, DType.F32, Shape.of(1, side, side, model.unet.config().embeddingChannels()));
            assertThat(peak(() -> denoise(model, start, k -> grid.cut(whole, grid.tiles().get(k)), sampler, grid))).isLessThan(stays);
        }
    }

    private static void denoise(Model model, Tensor start, IntFunction<Tensor> condition, Sampler sampler, TileGrid grid) {
        var told = new PublishedStages.Told(model.text.encode(""), condition, new FaithDiffDenoiser.Sizes(8192, 8192, 1024, 1024));
        Plan plan = new Plan(model.schedule, sampler, new Guidance(1, 0), grid);
        new PublishedStages(model).denoise(plan, start, told, () -> null, (step, latents) -> {});
    }

    private static long most(long bytes) { return bytes * 4 / 3 + REST; }

    /** The most bytes held during some work beyond what was held before. */
    private long peak(Runnable work) {
        Pool pool = dry.pool();
        pool.trim();
        long before = pool.usedBytes();
        pool.resetPeak();
        try (Scope _ = Scope.open()) {
            work.run();
        }
        return pool.peakBytes() - before;
    }
}
