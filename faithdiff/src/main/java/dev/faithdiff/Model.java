package dev.faithdiff;

import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.model.WholeFolder;
import dev.faithdiff.networks.align.AlignConfig;
import dev.faithdiff.networks.align.AlignedUNet;
import dev.faithdiff.networks.clip.PromptEncoder;
import dev.faithdiff.networks.unet.OriginalNames;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.networks.vae.VaeConfig;
import dev.faithdiff.nn.FileWeights;
import dev.faithdiff.nn.Lora;
import dev.faithdiff.nn.LoraFile;
import dev.faithdiff.nn.Residency;
import dev.faithdiff.nn.WeightSource;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Offload;
import dev.faithdiff.restore.diffusion.NoiseSchedule;
import dev.faithdiff.restore.diffusion.Places;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Replay;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;

/**
 * The networks and settings of a FaithDiff model folder, on one device. The small default model and full SDXL have the same classes. A model
 * opened for training holds F32 weights of its own, and {@link #save} writes it as a folder.
 */
public final class Model implements AutoCloseable {
    /** The kind in {@code model.json}. */
    static final String KIND = "faithdiff";
    private static final String UNET = "unet/model.safetensors", VAE = "vae/model.safetensors";
    /** Files of a folder that a model trained from it does not take over. */
    private static final Set<String> OWN = Set.of(UNET, VAE, "README.md", "SHA256SUMS");
    /** The numbers of SDXL's size conditioning: height and width, top and left, target height and width. */
    private static final int SIZE_NUMBERS = 6;

    /** Where the weights are and the networks compute. */
    public final Device device;
    /** The type of activations; the sampler computes in F32. */
    public final DType dtype;
    /** The {@code faithdiff} part of {@code model.json}. */
    public final Config config;
    /** The published scheduler configuration, of which samplers are made. */
    public final Config scheduler;
    /** The noise of the U-Net's training. */
    public final NoiseSchedule schedule;
    /** Both text encoders, or zeros in their place. */
    public final PromptEncoder text;
    /** The U-Net with the modules that FaithDiff adds. */
    public final AlignedUNet unet;
    /** The autoencoder. */
    public final Vae vae;
    final ModelFolder folder;
    private final Residency residency;
    private final Weights unetWeights, vaeWeights;
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private List<LoraFile> loras = List.of();
    private LongSupplier budget;
    private DType rounding;
    private String digest;

    /**
     * @param residency moves weights, and is closed with this; null where none move
     * @param weights   opens a file of the folder
     */
    Model(Path folder, Device device, DType dtype, Residency residency, Function<String, Weights> weights) {
        this.device = device;
        this.dtype = dtype;
        this.residency = residency;
        budget = Compute.on(device).budget();
        this.folder = new ModelFolder(folder);
        Config root = this.folder.description();
        root.require("kind", KIND);
        config = root.at(KIND);
        scheduler = Config.read(folder.resolve("scheduler/scheduler_config.json"));
        schedule = NoiseSchedule.of(scheduler);
        try {
            text = open(PromptEncoder.open(folder, config, device, weights));
            UNetConfig sizes = UNetConfig.of(Config.read(folder.resolve("unet/config.json")));
            unetWeights = open(weights.apply(UNET));
            requireAlignment(unetWeights, folder.resolve(UNET));
            unet = new AlignedUNet(unetWeights, sizes, AlignConfig.of(config));
            unetWeights.done();
            vaeWeights = open(weights.apply(VAE));
            vae = new Vae(vaeWeights, VaeConfig.of(Config.read(folder.resolve("vae/config.json"))));
            vaeWeights.done();
            requirePairs(sizes);
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    /** Whether this was trained to restore in one step, from the photo's latents without noise. */
    boolean restoresInOneStep() { return config.integer("one_step_timestep", 0) > 0; }

    /** Whether a result is the photo plus the difference that denoising makes in the decoded image. The autoencoder's own losses cancel out. */
    boolean addsChange() { return config.flag("adds_change", false); }

    /** Opens a model folder as {@code faithdiff convert} writes it, to compute in F32. On the CPU weights are mapped from their files. */
    public static Model open(Path folder, Device device) { return open(new ModelFolder(folder), Compute.on(device)); }

    /** Opens a model folder. Weights that are wider than the type of activations are rounded to it. */
    public static Model open(ModelFolder folder, Compute on) {
        folder.description();
        Device device = on.device();
        DType dtype = on.activations();
        return device.exclusive(() -> {
            Offload offload = on.offload().chosen(folder.weightBytes(""), folder.weightBytes("unet"), device, dtype);
            Residency residency = offload.residency(device, Places::of);
            requireParts(folder, on.loras());
            Model model = new Model(folder.path(), device, dtype, residency,
                    file -> on.weights(source(folder.path(), file, on.loras()), residency));
            model.loras = on.loras();
            model.budget = on.budget();
            model.rounding = on.rounding();
            return model;
        });
    }

    /** What products round their factors to, or null. */
    DType rounding() { return rounding; }

    /** How many bytes a network may hold that sees a whole image. */
    long budget() { return budget.getAsLong(); }

    private static void requireParts(ModelFolder folder, List<LoraFile> loras) {
        List<Lora.Part> parts = Arrays.stream(Lora.Part.values()).filter(p -> Files.isDirectory(folder.path().resolve(p.folder()))).toList();
        loras.forEach(l -> l.requireOnly(parts));
    }

    /** The weights of a file, with what LoRAs add to its part. */
    private static WeightSource source(Path folder, String file, List<LoraFile> loras) {
        WeightSource source = new FileWeights(folder.resolve(file));
        for (Lora.Part part : Lora.Part.values()) {
            if (!file.startsWith(part.folder() + "/")) continue;
            UnaryOperator<String> original = part == Lora.Part.UNET && !loras.isEmpty()
                    ? new OriginalNames(UNetConfig.of(Config.read(folder.resolve("unet/config.json"))))::of : UnaryOperator.identity();
            for (LoraFile lora : loras) source = lora.over(source, part, original);
        }
        return source;
    }

    /** Prepares work of the networks that is repeated on the same shapes. */
    Replay replay(Replay work) { return residency == null ? device.replay(work) : residency.replay(work); }

    /** Opens a model folder to train the model: U-Net, LQ encoder, alignment and autoencoder are F32 copies. */
    public static Model trainable(Path folder, Device device) {
        return new Model(folder, device, DType.F32, null, trained(folder, device, file -> Weights.trainable(folder.resolve(file), device)));
    }

    /** A model to train from nothing: it has the sizes of a model folder, whose weight files may be missing, and weights drawn by a seed. */
    public static Model drawn(Path folder, Device device, long seed) {
        return new Model(folder, device, DType.F32, null, trained(folder, device, file -> Weights.init(file.equals(UNET) ? seed : ~seed, device)));
    }

    /** Text encoders are never trained, so their weights stay as they are in their files. */
    private static Function<String, Weights> trained(Path folder, Device device, Function<String, Weights> weights) {
        return file -> file.equals(UNET) || file.equals(VAE) ? weights.apply(file) : Weights.open(folder.resolve(file), device);
    }

    /** Parameters of U-Net, alignment and LQ encoder by their published names, which begin with {@code start}. */
    public Map<String, Tensor> parameters(String start) { return unetWeights.parameters(start); }

    /** Parameters of the autoencoder by their published names, which begin with {@code start}. */
    public Map<String, Tensor> vaeParameters(String start) { return vaeWeights.parameters(start); }

    /**
     * Writes a folder that {@link #open} and {@code faithdiff restore --model} take: this model's weights, and all other files of the folder
     * that it was opened from. The folder appears whole or not at all.
     *
     * @param replace whether to replace a model that is there already
     * @param dtype   element type of the weights in the files; released ones have F16
     * @param instead values to write for some of the parameters, such as their averages
     * @throws ModelError if {@code target} cannot be written, or exists and may not be replaced
     */
    public void save(Path target, boolean replace, DType dtype, Map<String, Tensor> instead) {
        WholeFolder.write(target, replace, part -> {
            folder.copyTo(part, OWN);
            unetWeights.save(part.resolve(UNET), dtype, instead);
            vaeWeights.save(part.resolve(VAE), dtype, instead);
        });
    }

    private static void requireAlignment(Weights u, Path file) {
        if (!u.has("spatial_ch_projs.weight") || !u.has("denoise_encoder.conv_in.weight")) {
            throw new ModelError(file, "has no alignment weights, so it is a plain SDXL U-Net and not FaithDiff's; "
                    + "convert it together with FaithDiff.bin");
        }
    }

    /** Parts that load one by one may yet not fit together. */
    private void requirePairs(UNetConfig u) {
        AlignConfig a = unet.config();
        int latents = vae.config().latentChannels(), levels = vae.config().channels().length;
        requirePair(u.inChannels() == latents && u.outChannels() == latents, "the VAE has latents of " + latents + " channels, the U-Net takes "
                + u.inChannels() + " and gives " + u.outChannels());
        requirePair(a.encoderChannels().length == levels, "the LQ encoder halves its image " + (a.encoderChannels().length - 1) + " times, the VAE "
                + (levels - 1) + " times");
        requirePair(a.embeddingChannels() == u.channels()[0], "the alignment module is for features of " + a.embeddingChannels()
                + " channels, the U-Net's first have " + u.channels()[0]);
        int features = a.encoderChannels()[a.encoderChannels().length - 1];
        requirePair(a.lastFeatures() || a.conditionChannels() == features, "the alignment module takes " + a.conditionChannels()
                + " channels, the LQ encoder gives " + features);
        requirePair(text.stateWidth() == u.textWidth(), "text states are " + text.stateWidth() + " wide, the U-Net takes " + u.textWidth());
        int extra = text.pooledWidth() + SIZE_NUMBERS * u.time().sizeWidth();
        requirePair(extra == u.time().addedWidth(), "pooled text and size conditioning are " + extra + " wide, the U-Net takes "
                + u.time().addedWidth());
    }

    private void requirePair(boolean holds, String rule) {
        if (!holds) throw new ModelError(folder.path(), "parts of different models: " + rule);
    }

    /** {@link ModelFolder#digest} of the folder this was opened from and of the LoRAs that were added. */
    public synchronized String digest() {
        if (digest == null) digest = folder.digest(LoraFile.digested(loras));
        return digest;
    }

    private <T extends AutoCloseable> T open(T part) {
        open.push(part);
        return part;
    }

    @Override public void close() {
        if (residency != null) residency.close();
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
