package dev.faithdiff.restore.onestep;

import static dev.faithdiff.restore.CommonOptions.RNG;
import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.Wrap;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.restore.Finite;
import dev.faithdiff.restore.HeatMap;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.diffusion.Attribution;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.diffusion.Denoising;
import dev.faithdiff.restore.diffusion.DiffusionLoop;
import dev.faithdiff.restore.diffusion.EulerSampler;
import dev.faithdiff.restore.diffusion.Guidance;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.diffusion.TiledVae;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.restore.tiles.RgbSink;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.restore.tiles.TileSource;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.util.Map;
import java.util.function.Supplier;

/** One restoration, from the enlarged and padded photo to the decoded image of the same size (OSEDiff and PiSA-SR). */
final class OneStepRun {
    private final SdModel model;
    private final OneStep system;
    private final Options options;
    private final Image in;
    private final Listener listener;
    private final int h, w;
    private final TiledVae vae;
    private final TileGrid grid;
    private final Attribution attribution;

    OneStepRun(SdModel model, OneStep system, Options options, Image in, Listener listener) {
        this.model = model;
        this.system = system;
        this.options = options;
        this.in = in;
        this.listener = listener;
        h = in.height() / model.vae.config().downscale();
        w = in.width() / model.vae.config().downscale();
        vae = new TiledVae(model.vae, model.device, model.dtype, options.get(VAE_TILE), model.budget());
        int side = options.get(TILE) / model.vae.config().downscale(), stride = (int) Math.round(side * options.get(OVERLAP));
        grid = TileGrid.square(h, w, side, side - stride, system.centred());
        attribution = new Attribution(grid, listener.words(), word -> system.places(options, word));
    }

    /** The decoded image. What it takes belongs to the current scope. */
    Image run() { return decode(step(latents(encode(), noise()))); }

    /** The wanted words' maps in the size of the image, after {@link #run}. */
    Map<String, HeatMap> maps() { return attribution.maps(in.width(), in.height()); }

    /** Mean and log variance of the photo's latents, not scaled. */
    Tensor encode() {
        listener.at("encode", 0, 0);
        Runnable afterTile = counter("encode", vae.encodeTiles(h, w).count());
        return Finite.require(() -> vae.encode(TileSource.of(in, model.device, Wrap.NONE), h, w, afterTile), "the autoencoder's encoder");
    }

    /** Standard normal latents, drawn in the published order of channel, row, column. */
    private Tensor noise() {
        int channels = model.vae.config().latentChannels();
        Rng rng = options.get(RNG).of(options.get(SEED));
        return Tensor.of(rng.randn(channels * h * w), 1, channels, h, w).permute(0, 2, 3, 1).to(model.device);
    }

    /** The photo's sampled latents on the scale of the diffusion. */
    Tensor latents(Tensor parameters, Tensor noise) { return Vae.Gaussian.of(parameters).sample(noise).mul(model.vae.config().scaling()); }

    /** The clean latents. */
    Tensor step(Tensor latents) {
        Plan plan = new Plan(system.schedule(), EulerSampler.oneStep(system.schedule(), system.timestep()), new Guidance(1, 0), grid);
        Supplier<Tensor> none = () -> { throw new IllegalStateException("one step draws no noise"); };
        DiffusionLoop.Watcher watcher = new DiffusionLoop.Watcher() {
            @Override public void step(Denoising at, Supplier<Tensor> clean) { listener.at("denoise", at.step(), 1); }

            @Override public void tile(int tile, int tiles) { if (tiles > 1) listener.tile("denoise", tile, tiles); }
        };
        try (Scope s = Scope.open(); Denoising d = new Denoising(plan, latents.mul(1), 0)) {
            listener.at("denoise", 0, 1);
            Denoiser network = attribution.over(system.denoiser(options, attribution, listener));
            return s.keep(new DiffusionLoop(plan, network, none, watcher).run(d));
        }
    }

    /** The image of clean latents. */
    Image decode(Tensor latents) {
        listener.at("decode", 0, 0);
        Runnable afterTile = counter("decode", vae.decodeTiles(h, w).count());
        return Finite.image(() -> {
            RgbSink image = RgbSink.of(in.width(), in.height(), in.bits(), true);
            vae.decode(latents, image.then(afterTile));
            return image.image();
        }, in);
    }

    private Runnable counter(String stage, int tiles) {
        int[] done = {0};
        return () -> {
            if (tiles > 1 && done[0] < tiles) listener.tile(stage, ++done[0], tiles);
        };
    }
}
