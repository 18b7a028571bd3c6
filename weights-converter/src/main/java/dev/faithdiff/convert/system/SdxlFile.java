package dev.faithdiff.convert.system;

import com.google.gson.JsonObject;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.SmallFile;
import dev.faithdiff.convert.names.Architecture;
import dev.faithdiff.convert.names.KeyNames;
import dev.faithdiff.convert.names.OriginalLayout;
import dev.faithdiff.model.Config;
import dev.faithdiff.tensor.io.Source;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An SDXL checkpoint in a single file, which has neither configurations nor tokenizers. Configurations come from a folder that is named, else
 * they are derived from the tensors; the tokenizers' folder must be named.
 */
final class SdxlFile implements Sdxl {
    private final SourceFolder source;
    private final WeightFile file;
    private final Map<String, Map<String, Source>> parts;
    private final List<String> others;

    SdxlFile(SourceFolder source) {
        this.source = source;
        file = WeightFile.open(source.sdxl());
        try {
            Map<String, Source> tensors = KeyNames.unwrap(file.tensors());
            if (!OriginalLayout.is(tensors)) throw new ConvertError(source.sdxl(), "is not an SDXL checkpoint but " + Architecture.of(tensors));
            parts = OriginalLayout.parts(tensors);
            others = OriginalLayout.others(tensors);
        } catch (Throwable e) {
            file.close();
            throw e;
        }
    }

    @Override public String name(String part) { return source.sdxl().getFileName().toString(); }

    @Override public boolean hasText() { return TEXT.stream().anyMatch(parts::containsKey); }

    @Override public ConfigFile config(String part, ConversionReport report) {
        if (source.config() != null) return SdxlFolder.config(part, source.config().resolve(part), report);
        return new ConfigFile(source.sdxl(), Published.text(DerivedConfig.of(part, tensors(part))));
    }

    @Override public Map<String, Source> tensors(String part) { return parts.getOrDefault(part, Map.of()); }

    @Override public Map<String, byte[]> files(ConversionReport report) {
        Map<String, byte[]> all = new LinkedHashMap<>();
        Path own = source.config() == null ? null : source.config().resolve("scheduler/scheduler_config.json");
        all.put("scheduler/scheduler_config.json", own != null && Files.isRegularFile(own) ? SmallFile.bytes(own)
                : Published.text(Published.sdxl.config("scheduler").json()).getBytes(StandardCharsets.UTF_8));
        if (!hasText()) return all;
        Path tokenizer = source.tokenizer();
        if (tokenizer == null) report.problem("a single file has no tokenizers; name their folder by --tokenizer");
        else if (Files.exists(tokenizer.resolve("vocab.json"))) both(tokenizer, all, report);
        else for (String name : TOKENIZERS) all.putAll(SdxlFolder.tokenizer(tokenizer.resolve(name), name, report));
        return all;
    }

    /** One tokenizer of CLIP for both encoders; the second one pads with "!" in all SDXL releases. */
    private static void both(Path folder, Map<String, byte[]> all, ConversionReport report) {
        for (String name : TOKENIZERS) all.putAll(SdxlFolder.tokenizer(folder, name, report));
        String map = "tokenizer_2/special_tokens_map.json";
        if (!all.containsKey(map)) return;
        JsonObject special = Config.read(folder.resolve("special_tokens_map.json")).json();
        special.addProperty("pad_token", "!");
        all.put(map, Published.text(special).getBytes(StandardCharsets.UTF_8));
    }

    @Override public List<String> others() { return others; }

    @Override public void close() { file.close(); }
}
