package dev.faithdiff.convert.system;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import dev.faithdiff.model.Config;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Configurations that come with the converter: {@code sdxl} as published with SDXL, its VAE and FaithDiff, {@code mini} of the small model. */
public enum Published {
    sdxl(true), mini(false);

    /** Whether the model has text encoders. */
    final boolean text;

    Published(boolean text) { this.text = text; }

    /** The settings of {@code unet}, {@code vae}, {@code text_encoder}, {@code text_encoder_2}, {@code scheduler} or {@code faithdiff}. */
    Config config(String part) {
        String name = "/dev/faithdiff/convert/" + name() + "/" + part + ".json";
        try (InputStream in = Published.class.getResourceAsStream(name)) {
            if (in == null) throw new IllegalStateException("resource " + name + " is missing");
            return Config.of(Path.of(name), new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** JSON as files of a model folder hold it: the same object gives the same text. */
    static String text(JsonObject json) {
        return new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().serializeNulls().create().toJson(json) + "\n";
    }
}
