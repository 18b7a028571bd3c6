package dev.faithdiff.train;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The ablations of the paper's tables 5 and 6. To fine-tune U-Net and encoder separately takes two runs: one with the U-Net fixed, and
 * then, from its result, one with the encoder fixed.
 */
public enum Ablation {
    /** No alignment blocks: one linear layer adds the LQ features to the U-Net's (another architecture: {@link #resize}). */
    NO_ALIGNMENT,
    /** The LQ encoder's output, with as many channels as latents, instead of its middle block's (another architecture: {@link #resize}). */
    LAST_FEATURES,
    /** The second stage without the first. The alignment module starts with zero output ({@link FirstValues#silentAlignment}). */
    NO_PRETRAINING,
    /** The LQ encoder does not learn. */
    FIXED_ENCODER,
    /** The U-Net does not learn; the alignment module does. */
    FIXED_UNET;

    /**
     * Writes the sizes of an ablated model, to be drawn and trained from nothing: a model folder's settings and text encoders without
     * its weights.
     */
    public static void resize(Path model, Path target, Set<Ablation> ablations) {
        try (Stream<Path> all = Files.walk(model)) {
            for (Path from : all.filter(Files::isRegularFile).toList()) {
                Path name = model.relativize(from);
                if (name.startsWith("unet") && !name.endsWith("config.json") || name.startsWith("vae") && !name.endsWith("config.json")) continue;
                Files.createDirectories(target.resolve(name).getParent());
                Files.copy(from, target.resolve(name));
            }
            Path settings = target.resolve("model.json");
            JsonObject root = JsonParser.parseString(Files.readString(settings)).getAsJsonObject(), sizes = root.getAsJsonObject("faithdiff");
            if (ablations.contains(NO_ALIGNMENT)) sizes.addProperty("transformer_layers", 0);
            if (ablations.contains(LAST_FEATURES)) lastFeatures(sizes, target);
            Gson gson = new GsonBuilder().setPrettyPrinting().create();
            Files.writeString(settings, gson.toJson(root) + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void lastFeatures(JsonObject sizes, Path target) throws IOException {
        int latent = JsonParser.parseString(Files.readString(target.resolve("vae/config.json"))).getAsJsonObject().get("latent_channels").getAsInt();
        int channels = 2 * latent, groups = Math.min(channels, sizes.get("condition_norm_num_groups").getAsInt());
        while (channels % groups != 0) groups--;
        sizes.addProperty("encoder_last_features", true);
        sizes.addProperty("condition_channels", channels);
        sizes.addProperty("condition_norm_num_groups", groups);
    }
}
