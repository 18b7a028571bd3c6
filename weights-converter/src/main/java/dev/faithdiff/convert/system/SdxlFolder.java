package dev.faithdiff.convert.system;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.SmallFile;
import dev.faithdiff.convert.names.OriginalLayout;
import dev.faithdiff.model.Config;
import dev.faithdiff.tensor.host.IoReason;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** An SDXL checkpoint as a diffusers folder. */
final class SdxlFolder implements Sdxl {
    private final Path folder;
    private final List<WeightFile> files = new ArrayList<>();

    SdxlFolder(Path folder) { this.folder = folder; }

    @Override public String name(String part) { return folder.getFileName() + "/" + part; }

    /** The pipeline's index names the text encoders or sets them to null; without an index their folders decide. */
    @Override public boolean hasText() {
        Path index = folder.resolve("model_index.json");
        if (!Files.exists(index)) return Files.isDirectory(folder.resolve(TEXT.getFirst()));
        JsonObject parts = Config.read(index).json();
        return TEXT.stream().anyMatch(t -> parts.get(t) instanceof JsonArray a && !a.isEmpty() && !a.get(0).isJsonNull());
    }

    @Override public ConfigFile config(String part, ConversionReport report) { return config(part, folder.resolve(part), report); }

    static ConfigFile config(String part, Path folder, ConversionReport report) {
        Path file = folder.resolve("config.json");
        if (!Files.isDirectory(folder)) report.problem(part + ": folder " + folder + " is missing");
        else if (Files.isRegularFile(file)) return new ConfigFile(file, SmallFile.text(file));
        else report.problem("file " + file + " is missing");
        return null;
    }

    @Override public Map<String, Source> tensors(String part) {
        if (part.equals("unet") && !WeightFile.isIn(folder.resolve(part))) return Map.of(); // FaithDiff.bin may hold it whole
        WeightFile file = WeightFile.open(folder.resolve(part));
        files.add(file);
        return part.equals("vae") ? OriginalLayout.vae(file.tensors()) : file.tensors();
    }

    @Override public Map<String, byte[]> files(ConversionReport report) {
        Map<String, byte[]> all = new LinkedHashMap<>();
        Path scheduler = folder.resolve("scheduler/scheduler_config.json");
        if (Files.isRegularFile(scheduler)) all.put("scheduler/scheduler_config.json", SmallFile.bytes(scheduler));
        else report.problem("file " + scheduler + " is missing");
        if (hasText()) for (String name : TOKENIZERS) all.putAll(tokenizer(folder.resolve(name), name, report));
        return all;
    }

    /** The files of a tokenizer's folder, to go to {@code name/}. */
    static Map<String, byte[]> tokenizer(Path folder, String name, ConversionReport report) {
        for (String file : List.of("vocab.json", "merges.txt")) {
            if (!Files.isRegularFile(folder.resolve(file))) report.problem("file " + folder.resolve(file) + " is missing");
        }
        Map<String, byte[]> all = new LinkedHashMap<>();
        if (!Files.isDirectory(folder)) return all;
        try (Stream<Path> files = Files.list(folder)) {
            files.filter(Files::isRegularFile).sorted().forEach(f -> all.put(name + "/" + f.getFileName(), SmallFile.bytes(f)));
        } catch (IOException e) {
            throw new ConvertError(folder, "cannot be read: " + IoReason.of(e), e);
        }
        return all;
    }

    @Override public List<String> others() { return List.of(); }

    @Override public void close() { files.forEach(WeightFile::close); }
}
