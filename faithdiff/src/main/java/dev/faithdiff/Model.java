package dev.faithdiff;

import dev.faithdiff.align.AlignConfig;
import dev.faithdiff.align.AlignedUNet;
import dev.faithdiff.model.Config;
import dev.faithdiff.nn.Residency;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.sample.NoiseSchedule;
import dev.faithdiff.sdxl.UNetConfig;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Replay;
import dev.faithdiff.text.PromptEncoder;
import dev.faithdiff.vae.Vae;
import dev.faithdiff.vae.VaeConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Function;

/** The parts of a converted model folder, on one device. The default small model and full SDXL are the same classes. */
public final class Model implements AutoCloseable {
    private static final int VERSION = 1;

    public final Device device;
    /** The type of activations; the sampler computes in F32. */
    public final DType dtype;
    /** Where weights are while they are not used; never AUTO. */
    public final Offload offload;
    public final Config config;
    public final Config scheduler;
    public final NoiseSchedule schedule;
    public final PromptEncoder text;
    public final AlignedUNet unet;
    public final Vae vae;
    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    /** @param weights opens a file of the folder */
    Model(Path folder, Device device, DType dtype, Offload offload, Function<String, Weights> weights) {
        this.device = device;
        this.dtype = dtype;
        this.offload = offload;
        Config root = Config.read(folder.resolve("model.json"));
        if (!root.text("format", "").equals("faithdiff-jvm") || root.integer("version", 0) != VERSION) {
            throw new UncheckedIOException(new IOException(folder.resolve("model.json") + ": is not a model of this program's format version "
                    + VERSION + "; make one with 'faithdiff convert'"));
        }
        config = root.at("faithdiff");
        scheduler = Config.read(folder.resolve("scheduler/scheduler_config.json"));
        schedule = NoiseSchedule.of(scheduler);
        try {
            text = open(PromptEncoder.open(folder, config, device, weights));
            Weights u = open(weights.apply("unet/model.safetensors"));
            unet = new AlignedUNet(u, UNetConfig.of(Config.read(folder.resolve("unet/config.json"))), AlignConfig.of(config));
            u.done();
            Weights v = open(weights.apply("vae/model.safetensors"));
            vae = new Vae(v, VaeConfig.of(Config.read(folder.resolve("vae/config.json"))));
            v.done();
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    /** Opens a model folder as {@code faithdiff convert} writes it, to compute in F32; on the CPU weights stay mapped. */
    public static Model open(Path folder, Device device) { return open(folder, device, DType.F32, Offload.NONE); }

    /** Opens a model folder. @param dtype the type of activations, to which wider weights are rounded; F32 leaves weights as they are */
    public static Model open(Path folder, Device device, DType dtype, Offload offload) {
        if (!Files.isDirectory(folder)) throw new UncheckedIOException(new IOException(folder + ": there is no such model folder"));
        Offload chosen = offload.chosen(folder, device, dtype);
        Residency residency = chosen.residency(device);
        try {
            Model model = new Model(folder, device, dtype, chosen, file -> Weights.open(folder.resolve(file), device, dtype == DType.F32 ? null : dtype, residency));
            if (residency != null) model.open(residency);
            return model;
        } catch (Throwable e) {
            if (residency != null) residency.close();
            throw e;
        }
    }

    /** Denoising work in the form that is best repeated; weights that come and go in each step keep no place that could be recorded. */
    Replay replay(Replay work) { return offload == Offload.BLOCKS ? work : device.replay(work); }

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
