package dev.faithdiff;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.nn.Residency;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.Offload;
import dev.faithdiff.restore.diffusion.Places;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** The published model on a device that computes nothing: shapes instead of weights. */
final class FullSizeModel {
    private static final String RESOURCES = "/dev/faithdiff/convert/sdxl/";

    private FullSizeModel() {}

    /** @param folder what {@link #write} wrote */
    static FaithDiff open(Path folder, Device dry, DType weights, DType dtype, Offload offload) {
        Residency residency = offload.residency(dry, Places::of);
        return new FaithDiff(new Model(folder, dry, dtype, residency,
                file -> Weights.shapes(file, keys(file), weights, dry, dtype == DType.F32 ? null : dtype, residency)));
    }

    private static Map<String, Shape> keys(String file) {
        String part = file.substring(0, file.indexOf('/'));
        Map<String, Shape> keys = new LinkedHashMap<>(KeyLists.of(part));
        if (part.equals("unet")) keys.putAll(KeyLists.of("faithdiff"));
        return keys;
    }

    /** Writes the published configurations, and tokenizers of the tiny model; no weights. */
    static void write(Path folder) throws IOException {
        JsonObject model = new JsonObject();
        model.addProperty("format", "faithdiff-jvm");
        model.addProperty("version", 1);
        model.addProperty("kind", "faithdiff");
        model.add("faithdiff", JsonParser.parseString(config("faithdiff")));
        Files.writeString(folder.resolve("model.json"), model.toString());
        write(folder, "scheduler/scheduler_config.json", config("scheduler"));
        for (String part : new String[] {"unet", "vae", "text_encoder", "text_encoder_2"}) write(folder, part + "/config.json", config(part));
        for (String tokenizer : new String[] {"tokenizer", "tokenizer_2"}) {
            try (Stream<Path> files = Files.list(TinyModel.folder().resolve(tokenizer))) {
                for (Path f : files.toList()) write(folder, tokenizer + "/" + f.getFileName(), Files.readString(f));
            }
        }
    }

    private static void write(Path folder, String file, String text) throws IOException {
        Path to = folder.resolve(file);
        Files.createDirectories(to.getParent());
        Files.writeString(to, text);
    }

    private static String config(String part) throws IOException {
        try (InputStream in = FullSizeModel.class.getResourceAsStream(RESOURCES + part + ".json")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
