package dev.faithdiff.convert.system;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import dev.faithdiff.model.Config;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * Configurations that come with the converter: {@code sdxl} as published with SDXL, its VAE and FaithDiff, {@code mini} of the small model, others
 * of {@link ReleasedSystem}s.
 */
public enum Published {
    sdxl(true), mini(false), adcsr(false), osediff(true, "sd21"), pisasr(false, "sd21"), diffbir(true, "sd21"),
    ram(false), seesr(true, "sd21", "ram"), pasd(true, "sd15"), stablesr(true, "sd21"), supir(true, "sdxl"),
    llava(false), llava13(false, "llava"), dreamclear(false);

    /** Stable Diffusion 2.1 and 1.5, of which other systems are made. */
    static final String SD21 = "sd21", SD15 = "sd15";

    /** Whether the model has text encoders. */
    final boolean text;
    private final List<String> bases;

    /** @param bases whose configurations count for parts that have none of their own */
    Published(boolean text, String... bases) {
        this.text = text;
        this.bases = List.of(bases);
    }

    /** The kind of the model: its name without a size. */
    String kind() { return name().replaceAll("\\d+$", ""); }

    /** The settings of a part, {@code scheduler}, {@code faithdiff} or {@code model}. */
    Config config(String part) { return config(from(part), part); }

    /** Whether there are settings of a part. */
    boolean has(String part) { return has(from(part), part); }

    private String from(String part) { return has(name(), part) ? name() : bases.stream().filter(b -> has(b, part)).findFirst().orElse(name()); }

    private static boolean has(String release, String part) { return Published.class.getResource(resource(release, part)) != null; }

    private static String resource(String release, String part) { return "/dev/faithdiff/convert/" + release + "/" + part + ".json"; }

    /** The settings of a part of a release. */
    static Config config(String release, String part) {
        String name = resource(release, part);
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
