package dev.faithdiff;

import dev.faithdiff.align.AlignConfig;
import dev.faithdiff.align.AlignedUNet;
import dev.faithdiff.model.Config;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.sample.NoiseSchedule;
import dev.faithdiff.sdxl.UNetConfig;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.text.PromptEncoder;
import dev.faithdiff.vae.Vae;
import dev.faithdiff.vae.VaeConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;

/** The parts of a converted model folder, on one device. The default small model and full SDXL are the same classes. */
public final class Model implements AutoCloseable {
    private static final int VERSION = 1;

    public final Device device;
    public final Config config;
    public final Config scheduler;
    public final NoiseSchedule schedule;
    public final PromptEncoder text;
    public final AlignedUNet unet;
    public final Vae vae;
    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    private Model(Path folder, Device device) {
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
            Weights u = open(Weights.open(folder.resolve("unet/model.safetensors"), device));
            unet = new AlignedUNet(u, UNetConfig.of(Config.read(folder.resolve("unet/config.json"))), AlignConfig.of(config));
            u.done();
            Weights v = open(Weights.open(folder.resolve("vae/model.safetensors"), device));
            vae = new Vae(v, VaeConfig.of(Config.read(folder.resolve("vae/config.json"))));
            v.done();
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    /** Opens a model folder as {@code faithdiff convert} writes it; weights stay mapped. */
    public static Model open(Path folder, Device device) {
        if (!Files.isDirectory(folder)) throw new UncheckedIOException(new IOException(folder + ": there is no such model folder"));
        return new Model(folder, device);
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
