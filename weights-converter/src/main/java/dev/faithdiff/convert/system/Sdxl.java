package dev.faithdiff.convert.system;

import dev.faithdiff.model.Config;
import dev.faithdiff.tensor.io.Source;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** An SDXL checkpoint in any layout: the configuration and the tensors of each part, under the names of diffusers. */
interface Sdxl extends AutoCloseable {
    List<String> TEXT = List.of("text_encoder", "text_encoder_2"), TOKENIZERS = List.of("tokenizer", "tokenizer_2");

    /** A part's {@code config.json}. */
    record ConfigFile(Path file, String text) {
        Config config() { return Config.of(file, text); }
    }

    static Sdxl open(SourceFolder source) {
        return Files.isDirectory(source.sdxl()) ? new SdxlFolder(source.sdxl()) : new SdxlFile(source);
    }

    /** The file or folder of a part, as reports call it. */
    String name(String part);

    boolean hasText();

    /** The configuration of a part; where there is none, a problem is noted and null returned. */
    ConfigFile config(String part, ConversionReport report);

    Map<String, Source> tensors(String part);

    /** Small files by their path in a model folder: the scheduler's configuration and the tokenizers; missing ones are noted. */
    Map<String, byte[]> files(ConversionReport report);

    /** Keys that belong to no part. */
    List<String> others();

    @Override void close();
}
