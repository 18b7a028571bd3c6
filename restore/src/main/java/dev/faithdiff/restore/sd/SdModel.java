package dev.faithdiff.restore.sd;

import dev.faithdiff.image.Image;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.networks.clip.PromptEncoder;
import dev.faithdiff.networks.clip.TextStates;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.networks.vae.VaeConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Compute.NumberType;
import dev.faithdiff.restore.Finite;
import dev.faithdiff.restore.OpenParts;
import dev.faithdiff.restore.diffusion.NoiseSchedule;
import dev.faithdiff.restore.diffusion.Places;
import dev.faithdiff.restore.tiles.TileGrid;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;

/**
 * The networks of Stable Diffusion 1, 2 or XL in a model folder. A system with further networks opens them by {@link #weights}; one whose U-Net
 * has more than the text to attend to says so when it opens this.
 */
public final class SdModel implements AutoCloseable {
    /** The numbers of SDXL's size conditioning: height and width, top and left, target height and width. */
    public static final int SIZE_NUMBERS = 6;

    /** Where the weights are and the networks compute. */
    public final Device device;
    /** The type of activations; what is between the networks is F32. */
    public final DType dtype;
    /** {@code scheduler/scheduler_config.json}. */
    public final Config scheduler;
    /** The noise of the U-Net's first training. */
    public final NoiseSchedule schedule;
    /** The text of Stable Diffusion 1 and 2; null in SDXL. */
    public final TextStates text;
    /** The text of SDXL; null in Stable Diffusion 1 and 2. */
    public final PromptEncoder prompts;
    public final UNet unet;
    public final Vae vae;
    /** The type of the autoencoder's activations: F32 in SDXL, whose autoencoder leaves the range of F16. */
    public final DType imageType;
    /** The sizes of the U-Net. */
    public final UNetConfig sizes;
    private final ModelFolder folder;
    private final Compute on;
    private final OpenParts parts;
    private final LongSupplier budget;
    private final DType rounding;
    private String digest;

    /** @param more null: there is only the autoencoder */
    private SdModel(ModelFolder folder, Compute on, UnaryOperator<UNetConfig> more) {
        this.folder = folder;
        this.on = on;
        device = on.device();
        dtype = on.activations();
        rounding = on.rounding();
        budget = on.budget();
        Path path = folder.path();
        scheduler = more == null ? null : Config.read(path.resolve("scheduler/scheduler_config.json"));
        schedule = more == null ? null : NoiseSchedule.of(scheduler);
        sizes = more == null ? null : more.apply(UNetConfig.of(Config.read(path.resolve("unet/config.json"))));
        parts = new OpenParts(folder, on, Places::of);
        try {
            boolean sdxl = more != null && sizes.time().addedWidth() > 0;
            text = sdxl || more == null ? null : TextStates.open(path, sizes.textWidth(), device, parts::weights);
            prompts = sdxl ? PromptEncoder.open(path, folder.description(), device, parts::weights) : null;
            imageType = sdxl || more == null ? DType.F32 : dtype;
            unet = more == null ? null : unet("unet");
            Weights w = parts.weights("vae/model.safetensors");
            vae = new Vae(w, VaeConfig.of(Config.read(path.resolve("vae/config.json"))));
            w.done();
            if (more == null) return;
            int latents = vae.config().latentChannels();
            requirePair(folder, sizes.inChannels() == latents && sizes.outChannels() == latents, "the VAE has latents of " + latents
                    + " channels, the U-Net takes " + sizes.inChannels() + " and gives " + sizes.outChannels());
            int states = sdxl ? prompts.stateWidth() : text.width();
            requirePair(folder, states == sizes.textWidth(), "text states are " + states + " wide, the U-Net takes " + sizes.textWidth());
            int added = sdxl ? prompts.pooledWidth() + SIZE_NUMBERS * sizes.time().sizeWidth() : 0;
            requirePair(folder, added == sizes.time().addedWidth(), "pooled text and size conditioning are " + added + " wide, the U-Net takes "
                    + sizes.time().addedWidth());
        } catch (Throwable e) {
            parts.close();
            throw e;
        }
    }

    /** Opens a model folder. @throws RuntimeException of one line, naming the file, if a part is missing, damaged or belongs to another model */
    public static SdModel open(ModelFolder folder, Compute on) { return open(folder, on, UnaryOperator.identity()); }

    /** As {@link #open(ModelFolder, Compute)}. @param more what the U-Net has beside what its configuration says, {@link UNetConfig#with} */
    public static SdModel open(ModelFolder folder, Compute on, UnaryOperator<UNetConfig> more) {
        return on.device().exclusive(() -> new SdModel(folder, on, more));
    }

    /**
     * Opens the autoencoder of a folder, for a system whose own network denoises in its latents. There is neither a U-Net, with its sizes and its
     * schedule, nor a text encoder.
     */
    public static SdModel autoencoder(ModelFolder folder, Compute on) { return on.device().exclusive(() -> new SdModel(folder, on, null)); }

    /** {@code model.json}, which has the system's own numbers. */
    public Config description() { return folder.description(); }

    /** The weights of one more network, which are closed with this. @param file such as {@code control/model.safetensors} */
    public Weights weights(String file) { return parts.weights(file); }

    /** {@link OpenParts#passing}: a network whose weights need no memory before and after some work. @param file as in {@link #weights} */
    public <T> T passing(String file, Function<Weights, T> work) { return parts.passing(file, work); }

    /** The settings of a part, its {@code config.json}. */
    public Config settings(String part) { return Config.read(folder.path().resolve(part).resolve("config.json")); }

    /** A file of the folder. */
    public Path file(String name) { return folder.path().resolve(name); }

    /** {@link ModelFolder#digest} of the folder. */
    public synchronized String digest() {
        if (digest == null) digest = folder.digest();
        return digest;
    }

    /** One more U-Net of the same sizes. @param part its folder */
    public UNet unet(String part) {
        Weights w = parts.weights(part + "/model.safetensors");
        UNet u = new UNet(w, sizes);
        w.done();
        return u;
    }

    /** In which type networks compute. */
    public NumberType precision() { return on.precision(); }

    /** What products round their factors to: {@link Compute#rounding}. */
    public DType rounding() { return rounding; }

    /**
     * What each tile of a photo tells a ControlNet by its first layers.
     *
     * @param in    the photo as the network sees it; its sides are multiples of the autoencoder's
     * @param first takes {@code [1, H, W, 3]} in 0..1, gives {@code [1, h, w, channels]}
     */
    public List<Tensor> hints(Image in, TileGrid grid, UnaryOperator<Tensor> first) {
        int down = vae.config().downscale(), height = grid.tileHeight() * down, width = grid.tileWidth() * down;
        return grid.tiles().stream().map(tile -> Finite.require(() -> {
            Image part = in.crop(tile.column() * down, tile.row() * down, width, height);
            Tensor x = part.toTensor().to(device);
            return first.apply(x.affine(0.5f, 0.5f).to(dtype));
        }, "the ControlNet's first layers")).toList();
    }

    /** How many bytes a network may hold that sees a whole image. */
    public long budget() { return budget.getAsLong(); }

    private static void requirePair(ModelFolder folder, boolean holds, String rule) {
        if (!holds) throw new ModelError(folder.path(), "parts of different models: " + rule);
    }

    @Override public void close() { parts.close(); }
}
