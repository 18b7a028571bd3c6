package dev.faithdiff.convert.system;

import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.Views;
import dev.faithdiff.convert.names.Architecture;
import dev.faithdiff.convert.names.GeneratorFile;
import dev.faithdiff.convert.names.MeasureFiles;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.networks.align.AlignConfig;
import dev.faithdiff.networks.align.AlignedUNet;
import dev.faithdiff.networks.clip.ClipConfig;
import dev.faithdiff.networks.clip.ClipTextEncoder;
import dev.faithdiff.networks.clip.TextStates;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.networks.vae.VaeConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The tensors that a network takes, by name and with the shapes that files hold. The network's own class tells them: it is built from its
 * settings on weights that have no memory and note what is asked for. Each method throws a ModelError or a WeightsError if the settings are
 * not those of such a network.
 */
public final class NeededTensors {
    private NeededTensors() { }

    public static Map<String, Shape> unet(Config c) { return of(c.toString(), w -> new UNet(w, UNetConfig.of(c))); }

    /** A U-Net with the modules that FaithDiff adds, whose settings {@code model.json} holds. */
    public static Map<String, Shape> alignedUnet(Config unet, Config added) {
        return of(unet + " and " + added, w -> new AlignedUNet(w, UNetConfig.of(unet), AlignConfig.of(added)));
    }

    /** The states of the one text of a model whose text never changes. @param unet the settings of the U-Net that attends to them */
    public static Map<String, Shape> constantText(Config unet) {
        return of(unet.toString(), w -> TextStates.constant(w, UNetConfig.of(unet).textWidth()));
    }

    public static Map<String, Shape> vae(Config c) { return of(c.toString(), w -> new Vae(w, VaeConfig.of(c))); }

    public static Map<String, Shape> text(Config c) { return of(c.toString(), w -> new ClipTextEncoder(w, ClipConfig.of(c))); }

    /** A network that is a whole model by itself, whose settings {@code model.json} holds. */
    public static Map<String, Shape> generator(GeneratorFile network, Config c) { return of(c.toString(), w -> network.build(w, c)); }

    /** A network that measures images, whose sizes the shapes of its tensors show. */
    public static Map<String, Shape> measure(MeasureFiles layout, Map<String, Source> tensors, Config settings) {
        return of(settings.toString(), w -> layout.build(w, Views.shapes(tensors), settings));
    }

    private static Map<String, Shape> measure(MeasureFiles layout, Path folder, Config settings) {
        try (WeightFile file = WeightFile.open(folder.resolve(MeasureConverter.PART).resolve("model.safetensors"))) {
            return measure(layout, file.tensors(), settings);
        }
    }

    /** The tensors of each part of a model folder. @throws ConvertError also if the folder is of a kind that this module does not make */
    public static Map<String, Map<String, Shape>> inFolder(Path folder) {
        Config model = new ModelFolder(folder).description();
        String kind = model.text("kind");
        ReleasedSystem system = ReleasedSystem.ofKind(kind);
        if (system != null) return system.needed(model, part -> config(folder, part));
        if (!kind.equals(ModelJson.FAITHDIFF)) {
            MeasureFiles layout = MeasureFiles.of(kind);
            if (layout != null) return Map.of(MeasureConverter.PART, measure(layout, folder, model));
            GeneratorFile network = Architecture.ofKind(kind);
            if (network == null) throw new ConvertError(folder, "is a model of unknown kind " + ModelError.clean(kind));
            return Map.of("generator", generator(network, model));
        }
        Map<String, Map<String, Shape>> parts = new LinkedHashMap<>();
        parts.put("unet", alignedUnet(config(folder, "unet"), model.at(ModelJson.FAITHDIFF)));
        parts.put("vae", vae(config(folder, "vae")));
        for (String p : Sdxl.TEXT) if (Files.isDirectory(folder.resolve(p))) parts.put(p, text(config(folder, p)));
        return parts;
    }

    private static Config config(Path folder, String part) { return Config.read(folder.resolve(part).resolve("config.json")); }

    static Map<String, Shape> of(String settings, Consumer<Weights> network) {
        try (Weights w = Weights.recording(settings)) {
            network.accept(w);
            return w.done().published();
        }
    }
}
