package dev.faithdiff.restore.batch;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import dev.faithdiff.restore.CommonOptions;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.diffusion.DiffusionOptions;
import dev.faithdiff.tensor.host.Version;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How a photo was restored, for its metadata and for logs: program, model and the values of all options that the model has. Time and machine
 * are not among them, so that the same restoration writes the same file.
 *
 * @param model  names of the model folders
 * @param digest digests of the model folders, which tell models of one name apart
 * @param shown  the options that the model has
 */
public record ResultSettings(String model, String digest, Options options, List<Option<?>> shown) {
    /** Formats keep the settings near the beginning or the end of a file. */
    private static final int SEEN = 1 << 18;
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    /** These settings with another value of an option. */
    public <T> ResultSettings with(Option<T> option, T value) { return new ResultSettings(model, digest, options.with(option, value), shown); }

    /** These settings with a job's seed, if it has its own. */
    public ResultSettings of(Job job) { return ofSeed(job.seed()); }

    /** @param seed null: that of the options */
    ResultSettings ofSeed(Long seed) { return seed == null ? this : with(CommonOptions.SEED, seed); }

    /** Whether the model reads text, so that photos may have captions. */
    public boolean readsText() { return shown.contains(DiffusionOptions.PROMPT); }

    /** Whether a result's file says that it was made with other settings than these. */
    boolean isOther(Path result) {
        try (FileChannel file = FileChannel.open(result)) {
            String ends = text(file, 0) + text(file, Math.max(0, file.size() - SEEN));
            return ends.contains("{\"program\":\"faithdiff ") && !ends.contains(toString());
        } catch (IOException e) {
            return false;
        }
    }

    private static String text(FileChannel file, long from) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(SEEN);
        while (bytes.hasRemaining() && file.read(bytes, from + bytes.position()) >= 0);
        return new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
    }

    /** The settings by name. An option whose value is left to the model is not among them, nor the scale of a result of another size. */
    public Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("program", Version.PROGRAM);
        values.put("model", model);
        values.put("digest", digest);
        boolean scaled = ResultSize.isScaled(options);
        options.values(shown).forEach((name, v) -> {
            if (v != null && (scaled || !name.equals(CommonOptions.SCALE.name()))) values.put(name, v instanceof Enum<?> ? v.toString() : v);
        });
        return values;
    }

    /** Values by name as one line of JSON. */
    public static String json(Map<String, ?> values) { return GSON.toJson(values); }

    /** {@link #values} as one line of JSON. */
    @Override public String toString() { return json(values()); }
}
