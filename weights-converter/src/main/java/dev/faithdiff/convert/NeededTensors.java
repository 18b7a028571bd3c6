package dev.faithdiff.convert;

import dev.faithdiff.model.Config;
import dev.faithdiff.networks.align.AlignConfig;
import dev.faithdiff.networks.align.AlignedUNet;
import dev.faithdiff.networks.clip.ClipConfig;
import dev.faithdiff.networks.clip.ClipTextEncoder;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.networks.vae.VaeConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Shape;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The tensors that a network takes, by name and with the shapes that files hold. The network's own class tells them: it is built from its
 * settings on weights that have no memory and note what is asked for. Each method throws a ModelError or a WeightsError if the settings are
 * not those of such a network.
 */
final class NeededTensors {
    private NeededTensors() { }

    static Map<String, Shape> unet(Config c) { return of(c.toString(), w -> new UNet(w, UNetConfig.of(c))); }

    /** A U-Net with the modules that FaithDiff adds, whose settings {@code model.json} holds. */
    static Map<String, Shape> alignedUnet(Config unet, Config added) {
        return of(unet + " and " + added, w -> new AlignedUNet(w, UNetConfig.of(unet), AlignConfig.of(added)));
    }

    static Map<String, Shape> vae(Config c) { return of(c.toString(), w -> new Vae(w, VaeConfig.of(c))); }

    static Map<String, Shape> text(Config c) { return of(c.toString(), w -> new ClipTextEncoder(w, ClipConfig.of(c))); }

    /** A network that is a model of its own, whose settings {@code model.json} holds. */
    static Map<String, Shape> generator(GeneratorFile network, Config c) { return of(c.toString(), w -> network.build(w, c)); }

    private static Map<String, Shape> of(String settings, Consumer<Weights> network) {
        try (Weights w = Weights.recording(settings)) {
            network.accept(w);
            return w.done().published();
        }
    }
}
