package dev.faithdiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageFiles;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.vae.BlendedTiles;
import dev.faithdiff.vae.BlendedTiles.Sink;
import dev.faithdiff.vae.BlendedTiles.Source;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Blended tiles against the published implementation, at the tolerances stored beside its outputs, and how tiles are chosen. */
class TilesTest {
    private static final JsonObject FILE = Fixtures.json("stages/stages.json").getAsJsonObject("files").getAsJsonObject("tiled.safetensors");
    private static final Fixtures STORED = Fixtures.open("stages/tiled.safetensors");

    static Stream<String> settings() { return FILE.getAsJsonObject("settings").keySet().stream(); }

    /**
     * Settings whose latent tile is not the image's tile in latents document a defect of the published code, whose pieces then do not fit
     * together and give a result of the wrong size. Tiles are in latents here, so it cannot be asked for: the size must be right.
     */
    @ParameterizedTest
    @MethodSource("settings")
    void tilesAsPublished(String name) {
        JsonObject c = FILE.getAsJsonObject("settings").getAsJsonObject(name);
        Model model = TinyModel.model();
        int down = model.vae.config().downscale(), tile = c.get("tile_sample_min_size").getAsInt() / down;
        int overlap = (int) (tile * c.get("tile_overlap_factor").getAsDouble());
        boolean defect = c.get("tile_latent_min_size").getAsInt() != tile;
        try (Scope s = Scope.open()) {
            Image in = ImageFiles.read(Fixtures.dir().resolve("stages/image_tiled.png"));
            Source image = Source.of(Tensor.of(in.toFloats(), 1, in.height(), in.width(), 3)), z = Source.of(TinyModel.tensor(STORED, "z"));
            BlendedTiles tiles = new BlendedTiles(in.height() / down, in.width() / down, tile, tile, overlap);
            Map<String, Runnable> stages = Map.of(
                    "denoise_encoder", () -> check(name + ".denoise_encoder", defect, c, tiles, image, down, model.unet::features, 1),
                    "vae_parameters", () -> check(name + ".vae_parameters", defect, c, tiles, image, down, model.vae::encode, 1),
                    "vae_decode", () -> check(name + ".vae_decode", defect, c, tiles, z, 1, model.vae::decode, down));
            stages.forEach((stage, run) -> { if (STORED.has(name + "." + stage)) run.run(); });
        }
    }

    private static void check(String name, boolean defect, JsonObject c, BlendedTiles tiles, Source in, int inSize, UnaryOperator<Tensor> network,
            int outSize) {
        int channels = STORED.shape(name).size(1);
        Tensor whole = Tensor.empty(Device.CPU, DType.F32, Shape.of(1, tiles.height() * outSize, tiles.width() * outSize, channels));
        tiles.run(in, inSize, network, outSize, Sink.into(whole));
        if (defect) {
            int i = 0;
            int[] nchw = {1, channels, whole.size(1), whole.size(2)};
            for (JsonElement size : c.getAsJsonArray("expected_shape")) assertThat(nchw[i++]).isEqualTo(size.getAsInt());
            return;
        }
        double atol = FILE.getAsJsonObject("errors").getAsJsonObject(name).get("suggested_atol").getAsDouble();
        float[] expected = STORED.nhwc(name), actual = whole.toFloats();
        double worst = 0;
        for (int i = 0; i < expected.length; i++) worst = Math.max(worst, Math.abs(expected[i] - actual[i]));
        System.out.println("WORST " + name + " " + worst + " of " + atol);
        TinyModel.assertClose(name, whole, STORED, name, atol);
    }
}
