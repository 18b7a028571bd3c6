package dev.faithdiff;

import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.diffusion.TiledVae;
import dev.faithdiff.restore.tiles.BlendedTiles;
import dev.faithdiff.restore.tiles.TileSink;
import dev.faithdiff.restore.tiles.TileSource;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Blended tiles against the published implementation, at the tolerances stored beside its outputs, and how tiles are chosen. */
@Tag("full")
class TilesTest {
    private static final JsonObject FILE = Fixtures.json("stages/stages.json").getAsJsonObject("files").getAsJsonObject("tiled.safetensors");
    private static final Fixtures STORED = Fixtures.open("stages/tiled.safetensors");

    static Stream<String> settings() { return FILE.getAsJsonObject("settings").keySet().stream(); }

    /**
     * Settings whose latent tile is not the image's tile in latents document a defect of the published code, whose pieces then do not fit
     * together and give a result of the wrong size. Tiles are in latents here, so it cannot be asked for, and the size is right.
     */
    @ParameterizedTest
    @MethodSource("settings")
    void tilesAsPublished(String name) {
        JsonObject c = FILE.getAsJsonObject("settings").getAsJsonObject(name);
        Model model = TinyModel.model();
        int down = model.vae.config().downscale(), tile = c.get("tile_sample_min_size").getAsInt() / down;
        int overlap = (int) (tile * c.get("tile_overlap_factor").getAsDouble());
        boolean defect = c.get("tile_latent_min_size").getAsInt() != tile;
        try (Scope _ = Scope.open()) {
            Image in = ImageFiles.read(Fixtures.path("stages/image_tiled.png"));
            TileSource image = TileSource.of(in.toTensor()), z = TileSource.of(Fixtures.tensor(STORED, "z"));
            BlendedTiles tiles = new BlendedTiles(in.height() / down, in.width() / down, tile, tile, overlap, false);
            check(name + ".denoise_encoder", defect, run(tiles, image, down, model.unet::features, 1, model.unet.config().conditionChannels()));
            check(name + ".vae_parameters", defect, run(tiles, image, down, model.vae::encode, 1, 2 * model.vae.config().latentChannels()));
            check(name + ".vae_decode", defect, run(tiles, z, 1, model.vae::decode, down, 3));
        }
    }

    /** Tiles that a user asks for: the autoencoder leaves an image of up to a tile whole, the LQ encoder one of up to a tile's stride. */
    @Test void askedForTilesOverlapByAQuarter() {
        Model model = TinyModel.model();
        int down = model.vae.config().downscale();
        TiledVae vae = new TiledVae(model.vae, Device.CPU, DType.F32, 16 * down, Long.MAX_VALUE);
        BlendedTiles cut = new BlendedTiles(17, 9, 16, 16, 4, false);
        assertThat(vae.encodeTiles(17, 9).tiles()).isEqualTo(vae.decodeTiles(17, 9).tiles()).isEqualTo(cut);
        assertThat(vae.encodeTiles(16, 13).tiles()).isEqualTo(vae.decodeTiles(16, 13).tiles()).isEqualTo(BlendedTiles.whole(16, 13));
        TiledCondition condition = new TiledCondition(model, 16 * down, Long.MAX_VALUE);
        assertThat(condition.featureTiles(17, 9).tiles()).isEqualTo(cut);
        assertThat(condition.featureTiles(16, 13).tiles().isWhole()).isFalse();
        assertThat(condition.featureTiles(12, 12).tiles().isWhole()).isTrue();
    }

    private static Tensor run(BlendedTiles tiles, TileSource in, int inSize, UnaryOperator<Tensor> network, int outSize, int channels) {
        Tensor whole = Tensor.empty(Device.CPU, DType.F32, Shape.of(1, tiles.height() * outSize, tiles.width() * outSize, channels));
        tiles.apply(in, inSize, network, outSize, TileSink.into(whole));
        return whole;
    }

    private static void check(String name, boolean defect, Tensor whole) {
        if (!STORED.has(name)) return;
        if (defect) {
            assertThat(STORED.shape(name).size(3)).isNotEqualTo(whole.size(2));
        } else {
            Fixtures.assertClose(name, whole, STORED, name,
                    FILE.getAsJsonObject("errors").getAsJsonObject(name).get("suggested_atol").getAsDouble());
        }
    }

    /** Every latent once, whatever the sizes: with a network that changes nothing, tiles give back what went in. */
    @ParameterizedTest
    @CsvSource({"1,1,4,1", "7,19,8,2", "16,16,8,4", "33,20,16,15", "40,9,16,0"})
    void tilesCoverTheWholeOnce(int height, int width, int tile, int overlap) {
        try (Scope _ = Scope.open()) {
            Tensor x = Tensor.of(Rng.cpu(1).randn(height * width * 2), 1, height, width, 2);
            Tensor whole = run(new BlendedTiles(height, width, tile, tile, overlap, false), TileSource.of(x), 1, part -> part, 1, 2);
            Fixtures.assertClose("identity", whole.toFloats(), x.toFloats(), 2e-6);
        }
    }

    @Test void fittingTilesAreEvenAndFit() {
        assertThat(BlendedTiles.fitting(100, 50, 10, 50_000)).isEqualTo(BlendedTiles.whole(100, 50));
        for (int height = 100; height < 900; height += 7) {
            BlendedTiles t = BlendedTiles.fitting(height, 500, 10, 10 * 96 * 96);
            int stride = t.tileHeight() - t.overlap(), last = height - (Math.ceilDiv(height, stride) - 1) * stride;
            assertThat(t.tileHeight()).isLessThanOrEqualTo(96);
            assertThat(t.overlap()).isGreaterThanOrEqualTo(t.tileHeight() / 4);
            assertThat(last).as("the last of the tiles on " + height).isGreaterThan(stride / 2);
        }
    }

    @Test void badTilesAreRefused() {
        assertThatThrownBy(() -> new BlendedTiles(64, 64, 16, 16, 16, false)).hasMessageContaining("cannot overlap by 16");
        assertThatThrownBy(() -> Options.defaults().with(VAE_TILE, 32)).hasMessageContaining("at least 64");
    }
}
