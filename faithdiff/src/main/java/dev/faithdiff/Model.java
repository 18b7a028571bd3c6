package dev.faithdiff;

import dev.faithdiff.align.AlignConfig;
import dev.faithdiff.align.AlignedUNet;
import dev.faithdiff.model.Config;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.sample.NoiseSchedule;
import dev.faithdiff.sdxl.UNetConfig;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.text.PromptEncoder;
import dev.faithdiff.vae.Vae;
import dev.faithdiff.vae.VaeConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.function.Function;

/** The parts of a converted model folder, on one device. The default small model and full SDXL are the same classes. */
public final class Model implements AutoCloseable {
    private static final int VERSION = 1;
    private static final String UNET = "unet", VAE = "vae";

    public final Device device;
    public final Config config;
    public final Config scheduler;
    public final NoiseSchedule schedule;
    public final PromptEncoder text;
    public final AlignedUNet unet;
    public final Vae vae;
    private final Weights unetWeights, vaeWeights;
    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    /** @param weights those of a part, unet or vae */
    private Model(Path folder, Device device, Function<String, Weights> weights) {
        this.device = device;
        Config root = Config.read(folder.resolve("model.json"));
        if (!root.text("format", "").equals("faithdiff-jvm") || root.integer("version", 0) != VERSION) {
            throw new UncheckedIOException(new IOException(folder.resolve("model.json") + ": is not a model of this program's format version "
                    + VERSION + "; make one with 'faithdiff convert'"));
        }
        config = root.at("faithdiff");
        scheduler = Config.read(folder.resolve("scheduler/scheduler_config.json"));
        schedule = NoiseSchedule.of(scheduler);
        try {
            text = open(PromptEncoder.open(folder, config, device));
            unetWeights = open(weights.apply(UNET));
            unet = new AlignedUNet(unetWeights, UNetConfig.of(Config.read(folder.resolve("unet/config.json"))), AlignConfig.of(config));
            unetWeights.done();
            vaeWeights = open(weights.apply(VAE));
            vae = new Vae(vaeWeights, VaeConfig.of(Config.read(folder.resolve("vae/config.json"))));
            vaeWeights.done();
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    /** Opens a model folder as {@code faithdiff convert} writes it; weights stay mapped. */
    public static Model open(Path folder, Device device) {
        return new Model(existing(folder), device, part -> Weights.open(file(folder, part), device));
    }

    /** Opens a model folder for training: U-Net, alignment and autoencoder become F32 copies. */
    public static Model trainable(Path folder, Device device) {
        return new Model(existing(folder), device, part -> Weights.trainable(file(folder, part), device));
    }

    /** An untrained model with the configuration files, and text encoders if any, of a model folder: F32 weights drawn from a seed. */
    public static Model drawn(Path folder, Device device, long seed) {
        return new Model(existing(folder), device, part -> Weights.init(part.equals(UNET) ? seed : ~seed, device));
    }

    private static Path existing(Path folder) {
        if (!Files.isDirectory(folder)) throw new UncheckedIOException(new IOException(folder + ": there is no such model folder"));
        return folder;
    }

    private static Path file(Path folder, String part) { return folder.resolve(part).resolve("model.safetensors"); }

    /** Parameters of the U-Net, the LQ encoder and the alignment module whose published name starts with {@code start}, by name. */
    public Map<String, Tensor> unetParameters(String start) { return unetWeights.parameters(start); }

    /** Parameters of the autoencoder whose published name starts with {@code start}, by name. */
    public Map<String, Tensor> vaeParameters(String start) { return vaeWeights.parameters(start); }

    /**
     * Writes U-Net and autoencoder as F16 into a model folder that has all other files.
     *
     * @param instead values to write for parameters by name, such as averages
     */
    public void saveWeights(Path folder, Map<String, Tensor> instead) {
        unetWeights.save(file(folder, UNET), DType.F16, instead);
        vaeWeights.save(file(folder, VAE), DType.F16, instead);
    }

    private <T extends AutoCloseable> T open(T part) {
        open.push(part);
        return part;
    }

    @Override public void close() {
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
