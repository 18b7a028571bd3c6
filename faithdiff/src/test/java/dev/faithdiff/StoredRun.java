package dev.faithdiff;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Wrap;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.networks.clip.PromptEncoder.Prompt;
import dev.faithdiff.restore.diffusion.Guidance;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.diffusion.Samplers;
import dev.faithdiff.restore.tiles.BlendedTiles;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.restore.tiles.TileSink;
import dev.faithdiff.restore.tiles.TileSource;
import dev.faithdiff.restore.tiles.WrappedTiles;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * A complete run of the published pipeline on the tiny model, as the fixtures store it, done again on the device of a model. What each stage
 * gives goes to a {@link Check}: a test fails there, a report for a GPU writes it down.
 */
final class StoredRun {
    /** Receives what was computed and what is stored. */
    interface Check {
        /** @param atol the largest difference that the fixtures allow */
        void values(String stage, float[] actual, float[] expected, double atol);

        void image(String stage, Image actual, Image expected);
    }

    private static final JsonObject CASES = Fixtures.json("pipeline/pipeline.json").getAsJsonObject("cases");
    private static final Path DIR = Fixtures.path("pipeline");

    private final String name;
    private final JsonObject config;
    private final Fixtures stored;
    private final Model model;
    private final Check check;

    StoredRun(String name, Model model, Check check) {
        this.name = name;
        config = CASES.getAsJsonObject(name);
        stored = Fixtures.open("pipeline/" + name + "/run.safetensors");
        this.model = model;
        this.check = check;
    }

    /** The names of all stored runs. */
    static Set<String> names() { return CASES.keySet(); }

    void run() {
        try (Scope _ = Scope.open()) {
            int scale = config.get("upscale").getAsInt();
            Image lr = ImageFiles.read(DIR.resolve(name + "/lr.png"));
            Image enlarged = Resize.resize(lr, lr.width() * scale, lr.height() * scale, Filter.LANCZOS), in = enlarged.padTo(8);
            check.values("enlarged and padded input", in.toFloats(), ImageFiles.read(DIR.resolve(name + "/input_padded.png")).toFloats(), 0);

            int down = model.vae.config().downscale(), h = in.height() / down, w = in.width() / down;
            BlendedTiles tiles = tiles(h, w), ofVae = h <= tiles.tileHeight() && w <= tiles.tileWidth() ? BlendedTiles.whole(h, w) : tiles;
            Tensor image = in.toTensor().to(model.device);
            Tensor features = perLatent(tiles, image, model.unet::features, model.unet.config().conditionChannels());
            check("lq_features", features);
            Sampler sampler = sampler();
            PublishedStages stages = new PublishedStages(model);
            Tensor start = start(stages, ofVae, sampler, image);
            check("start_latents", start);

            Guidance guidance = new Guidance(config.get("guidance_scale").getAsDouble(), config.get("guidance_rescale").getAsDouble());
            JsonArray size = config.getAsJsonArray("target_size");
            int[] target = {size.get(0).getAsInt(), size.get(1).getAsInt()}, drawn = {0};
            TileGrid grid = TileGrid.of(h, w, target[0] / down, target[1] / down, config.get("overlap").getAsDouble());
            var told = new PublishedStages.Told(prompt(guidance), new TiledCondition(model, 0, model.budget()).ofTiles(features, grid),
                    new FaithDiffDenoiser.Sizes(in.height(), in.width(), target[0], target[1]));
            Tensor latents = stages.denoise(new Plan(model.schedule, sampler, guidance, grid), start, told,
                    () -> tensor("step_noise." + drawn[0]++), (i, x) -> check("latents_after_step." + i, x));
            Tensor decoded = Tensor.empty(Device.CPU, DType.F32, Shape.of(1, in.height(), in.width(), 3));
            TileSource z = TileSource.of(latents.mul(1 / model.vae.config().scaling()));
            ofVae.apply(z, 1, x -> model.vae.decode(x.to(model.dtype)), down, TileSink.into(decoded));
            check("decoded", decoded);
            images(Image.fromFloats(decoded.toFloats(), in.width(), in.height()), enlarged);
        }
    }

    private Sampler sampler() {
        Sampler s = Samplers.published(config.get("scheduler").getAsString()).create(model.schedule, model.scheduler,
                config.get("num_inference_steps").getAsInt());
        double[] timesteps = config.getAsJsonArray("timesteps").asList().stream().mapToDouble(JsonElement::getAsDouble).toArray();
        check.values("timesteps", floats(s.timesteps()), floats(timesteps), 0);
        check.values("init_noise_sigma", new float[] {s.initNoiseSigma()}, new float[] {config.get("init_noise_sigma").getAsFloat()}, 0);
        return s;
    }

    private static float[] floats(double[] v) {
        float[] f = new float[v.length];
        for (int i = 0; i < f.length; i++) f[i] = (float) v[i];
        return f;
    }

    private Prompt prompt(Guidance guidance) {
        Prompt prompt = model.text.encode(config.get("prompt").getAsString());
        if (!guidance.active()) return prompt;
        return model.text.encode(config.get("negative_prompt").isJsonNull() ? null : config.get("negative_prompt").getAsString()).with(prompt);
    }

    private Tensor start(PublishedStages stages, BlendedTiles tiles, Sampler sampler, Tensor image) {
        Tensor noise = tensor("initial_noise");
        if (config.get("start_point").getAsString().equals("noise")) return noise.mul(sampler.initNoiseSigma());
        // The community port hands the autoencoder an image that it has brought to -1..1 twice.
        Tensor encoded = config.get("variant").getAsString().equals("community") ? image.affine(2, -1) : image;
        Tensor parameters = perLatent(tiles, encoded, model.vae::encode, 2 * model.vae.config().latentChannels());
        return stages.start(parameters, noise, tensor("vae_posterior_noise"), sampler);
    }

    private void images(Image generated, Image enlarged) {
        check.image("generated", generated, ImageFiles.read(DIR.resolve(name + "/generated.png")));
        Image cropped = generated.crop(0, 0, enlarged.width(), enlarged.height());
        for (ColorFix fix : List.of(ColorFix.NONE, ColorFix.ADAIN, ColorFix.WAVELET)) {
            String file = "out_" + (fix == ColorFix.NONE ? "nofix" : fix.name().toLowerCase(Locale.ROOT));
            Path expected = DIR.resolve(name + "/" + file + ".png");
            if (expected.toFile().exists()) check.image(file, fix.apply(cropped, enlarged), ImageFiles.read(expected));
        }
    }

    /** Tiles of autoencoder and LQ encoder with the case's side and overlap; one where it has none. */
    private BlendedTiles tiles(int h, int w) {
        if (config.get("vae_tile_sample_latent_overlap").isJsonNull()) return BlendedTiles.whole(h, w);
        JsonArray asked = config.getAsJsonArray("vae_tile_sample_latent_overlap");
        int tile = asked.get(1).getAsInt();
        return new BlendedTiles(h, w, tile, tile, (int) (tile * asked.get(2).getAsDouble()), false);
    }

    private Tensor perLatent(BlendedTiles tiles, Tensor image, UnaryOperator<Tensor> network, int channels) {
        int down = model.vae.config().downscale();
        WrappedTiles whole = new WrappedTiles(tiles.height(), tiles.width(), Wrap.NONE, tiles);
        return whole.collect(TileSource.of(image), down, x -> network.apply(x.to(model.dtype)), channels, () -> {}).to(model.device);
    }

    private Tensor tensor(String stage) { return Fixtures.tensor(stored, stage).to(model.device); }

    private void check(String stage, Tensor actual) {
        if (!stored.has(stage)) return;
        float[] expected = stored.shape(stage).rank() == 4 ? stored.nhwc(stage) : stored.floats(stage);
        check.values(stage, actual.toFloats(), expected, config.getAsJsonObject("errors").getAsJsonObject(stage).get("suggested_atol").getAsDouble());
    }
}
