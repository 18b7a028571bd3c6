package dev.faithdiff.restore.stablesr;

import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.PROCESS_SIZE;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.ETA;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.GUIDANCE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.NEGATIVE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.OVERLAP;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;
import static dev.faithdiff.restore.sd.SdRestorer.ADDED_PROMPT;

import dev.faithdiff.image.FloatImage;
import dev.faithdiff.image.Image;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.diffusion.AutoPrompt;
import dev.faithdiff.restore.diffusion.DiffusionOptions;
import dev.faithdiff.restore.diffusion.Guidance;
import dev.faithdiff.restore.diffusion.Plan;
import dev.faithdiff.restore.diffusion.Sampler;
import dev.faithdiff.restore.diffusion.SignalTable;
import dev.faithdiff.restore.sd.ControlOptions.Start;
import dev.faithdiff.restore.sd.SdRestorer;
import dev.faithdiff.restore.sd.SdRun;
import dev.faithdiff.restore.sd.SdSystem;
import dev.faithdiff.restore.sd.SdTask;
import dev.faithdiff.restore.tiles.BlendedTiles;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.restore.tiles.TileSink;
import dev.faithdiff.restore.tiles.TileSource;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.ResizeOp;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * StableSR (Wang et al. 2024): an encoder that knows the time shows the photo to Stable Diffusion 2.1 at each step, and the decoder takes structure
 * from the photo, too. Source: sr_val_ddpm_text_T_vqganfin_oldcanvas_tile.py and sr_val_ddim_text_T_negativeprompt_canvas_tile.py.
 */
final class StableSr implements SdSystem {
    static final Option<StableSrSampler> SAMPLER = Option.choice("sampler", StableSrSampler.DDPM, "Sampler that removes the noise. ddim: as "
            + "published, with noise levels that are not those of its timesteps. ddim-matched: with those.");
    static final Option<Start> START = Option.choice("start", null, Start.class, "What denoising starts from. lr: the photo's latents with "
            + "almost all noise of the training, as published with ddpm. noise: noise alone, as published with ddim.");
    static final Option<Double> FUSION = Option.share("fusion", 0.5, "How much of the photo's structure the decoder takes, the published dec_w. 0: "
            + "none; more is truer to the photo and less clean.").ofModel();
    static final Option<Integer> IMAGE_TILE = Option.side("image-tile", 1280, 64, "Side of the overlapping pieces in which a larger result is "
            + "restored, each by itself, in pixels of the result; a multiple of 32.");
    static final Option<Double> IMAGE_OVERLAP = Option.number("image-overlap", 1000 / 1280.0, "above 0 and at most 1", v -> v > 0 && v <= 1,
            "Distance from piece to piece as a fraction of the piece's side.");
    static final List<Option<?>> OPTIONS = SdRestorer.options(List.of(SAMPLER, ETA, START, FUSION, PROCESS_SIZE, IMAGE_TILE, IMAGE_OVERLAP)).stream()
            .filter(o -> o != VAE_TILE).toList();

    /** Sides are padded to multiples of this. */
    private static final int PADDING = 32;
    private static final double PUBLISHED_GUIDANCE = 7;

    private final StableSrModel model;
    private final SignalTable table;
    private final int down;

    StableSr(StableSrModel model) {
        this.model = model;
        table = SignalTable.of(model.base().scheduler);
        down = model.base().vae.config().downscale();
    }

    @Override public String name() { return "StableSr"; }

    @Override public List<Option<?>> options() { return OPTIONS; }

    @Override public Options defaults() {
        Config c = model.base().description();
        int size = c.positive("process_size");
        return Options.defaults().with(STEPS, c.positive("num_inference_steps")).with(FUSION, c.number("fusion_weight")).with(PROCESS_SIZE, size)
                .with(TILE, size).with(OVERLAP, 0.5).with(GUIDANCE, PUBLISHED_GUIDANCE).parsed(COLOR_FIX, c.text("color_fix"));
    }

    @Override public void check(Options o) {
        sampler(o);
        if (o.get(IMAGE_TILE) % PADDING == 0) return;
        throw new IllegalArgumentException("image-tile must be a multiple of " + PADDING + ", not " + o.get(IMAGE_TILE));
    }

    private Sampler sampler(Options o) { return o.get(SAMPLER).of(table, o.get(STEPS), o.get(ETA)); }

    @Override public SdTask begin(SdRun run) {
        FloatImage enlarged = enlarged(run), padded = padded(enlarged);
        Pieces pieces = Pieces.of(padded, run.options.get(IMAGE_TILE), run.options.get(IMAGE_OVERLAP));
        int h = pieces.height() / down, w = pieces.width() / down;
        Tensor drawn = run.noise(h, w); // as published, all pieces have the same noise
        List<Tensor> latents = new ArrayList<>();
        for (int i = 0; i < pieces.count(); i++) latents.add(latents(run, pieces.cut(padded, i), drawn));
        return begin(run, pieces, pieces.whole(latents), clean -> finished(restored(run, clean, padded, pieces), enlarged, run));
    }

    /** The photo in the size in which it is restored. */
    FloatImage enlarged(SdRun run) {
        int w = run.size.width(), h = run.size.height(), least = run.options.get(PROCESS_SIZE);
        FloatImage photo = FloatImage.of(run.photo);
        if (Math.min(w, h) >= least) return resized(photo, w, h);
        double scale = (double) least / Math.min(run.photo.width(), run.photo.height());
        boolean wide = run.photo.width() >= run.photo.height();
        return resized(photo, wide ? (int) (run.photo.width() * scale) : least, wide ? least : (int) (run.photo.height() * scale));
    }

    /** By the cubic filter that does not widen where images shrink; clamped before and after. */
    static FloatImage resized(FloatImage image, int w, int h) {
        if (w == image.width() && h == image.height()) return image;
        try (Scope _ = Scope.open()) {
            Tensor x = image.toTensor().clamp(0, 1).resize(new ResizeOp(ResizeOp.Kind.BICUBIC, false, h, w));
            return FloatImage.of(x.clamp(0, 1));
        }
    }

    /** As published, a side that is a multiple already gets as much more if the other one is not. */
    static FloatImage padded(FloatImage image) {
        int w = image.width(), h = image.height();
        return w % PADDING == 0 && h % PADDING == 0 ? image : image.reflected((w / PADDING + 1) * PADDING, (h / PADDING + 1) * PADDING);
    }

    /** A sample of an image's latents, on the scale of the diffusion. */
    Tensor latents(SdRun run, FloatImage image, Tensor noise) {
        try (Scope s = Scope.open()) {
            Tensor x = image.toTensor().affine(2, -1).to(model.base().device);
            Vae.Gaussian drawn = Vae.Gaussian.of(run.encode(TileSource.of(x), image.height() / down, image.width() / down, 0));
            return s.keep(drawn.sample(noise).mul(model.base().vae.config().scaling()));
        }
    }

    /** @param latents of the photo's pieces, a whole on the scale of the diffusion */
    SdTask begin(SdRun run, Pieces pieces, Tensor latents, Function<Tensor, Image> image) {
        Options o = run.options;
        int h = pieces.height() / down, w = pieces.width() / down;
        TileGrid grid = pieces.tiles(h, w, o.get(TILE) / down, o.get(OVERLAP));
        boolean against = o.get(NEGATIVE) != null && !o.get(NEGATIVE).isEmpty();
        Guidance guidance = DiffusionOptions.guidance(o, against && o.get(GUIDANCE) != null ? o.get(GUIDANCE) : 1);
        Sampler sampler = run.within(sampler(o));
        if (pieces.count() > 1) sampler = new SameNoise(sampler, pieces);
        Plan plan = new Plan(model.base().schedule, sampler, guidance, DiffusionOptions.cache(o), grid, true);
        String text = Stream.of(AutoPrompt.words(o), o.get(ADDED_PROMPT)).filter(s -> !s.isEmpty()).collect(Collectors.joining(", "));
        Tensor states = guidance.active() ? run.states(o.get(NEGATIVE), text) : run.states(text);
        return new SdTask(plan, start(run, sampler, pieces, latents), new StableSrDenoiser(model, latents, grid, states), image);
    }

    /** The first latents. As published, the noise for the photo's latents is drawn in any case. */
    private Tensor start(SdRun run, Sampler sampler, Pieces pieces, Tensor latents) {
        int h = latents.size(1) / pieces.count(), w = latents.size(2);
        Tensor noise = pieces.each(run.noise(h, w));
        if (run.beginsLater()) return sampler.noised(latents, noise, 0);
        Start start = run.options.get(START);
        if (start == null) start = run.options.get(SAMPLER) == StableSrSampler.DDPM ? Start.LR : Start.NOISE;
        return start == Start.LR ? table.noised(latents, noise, table.timesteps() - 1) : pieces.each(run.noise(h, w));
    }

    /** The image of clean latents, in the photo's colours, with the padding. */
    FloatImage restored(SdRun run, Tensor clean, FloatImage padded, Pieces pieces) {
        List<FloatImage> all = new ArrayList<>();
        for (int i = 0; i < pieces.count(); i++) {
            FloatImage photo = pieces.cut(padded, i);
            all.add(run.options.get(COLOR_FIX).apply(decoded(run, pieces.part(clean, i), photo), photo));
        }
        return pieces.merged(all);
    }

    /** The decoded image of clean latents, nominally 0..1. @param photo of the same place */
    FloatImage decoded(SdRun run, Tensor latents, FloatImage photo) {
        float weight = (float) (double) run.options.get(FUSION);
        int h = latents.size(1), w = latents.size(2), c = latents.size(3);
        try (Scope _ = Scope.open()) {
            Tensor z = latents.mul(1 / model.base().vae.config().scaling());
            Tensor image = Tensor.empty(Device.CPU, DType.F32, Shape.of(1, h * down, w * down, 3));
            // The photo's pixels go beside the latents of their place, so that a tile has both.
            Tensor both = weight == 0 ? z : z.concat(3, photo.toTensor().affine(2, -1).to(z.device()).pixelUnshuffle(down));
            UnaryOperator<Tensor> network = x -> model.decoder().decode(x.slice(3, 0, c).to(model.base().dtype),
                    weight == 0 ? null : x.slice(3, c, x.size(3)).pixelShuffle(down).to(model.base().dtype), weight);
            long bytes = model.decoder().decodeBytes() * model.base().dtype.bytes() / Float.BYTES * down * down;
            BlendedTiles.fitting(h, w, bytes, run.bytes()).apply(TileSource.of(both), 1, network, down, TileSink.into(image));
            return FloatImage.of(image.affine(0.5f, 0.5f));
        }
    }

    /** The result without the padding, in its size. The published script shrinks first and then cuts, which leaves some of the padding. */
    private static Image finished(FloatImage restored, FloatImage enlarged, SdRun run) {
        return resized(restored.topLeft(enlarged.width(), enlarged.height()), run.size.width(), run.size.height()).cut(run.photo.bits());
    }
}
