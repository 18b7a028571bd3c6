package dev.faithdiff.kernels.cpu;

import dev.faithdiff.tensor.host.KeptFile;
import dev.faithdiff.tensor.host.UserFolders;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;

/**
 * How large the blocks are that kernels work in, in percent of their usual sizes, as {@code faithdiff kernels tune} has measured it.
 *
 * <p>The percentages are read once: from {@code -Dfaithdiff.tuned}, a file or {@code off}, or else from the file of this processor in the user's
 * cache. What is not among those {@link #tried} counts as 100. None of them changes the order of a sum; {@link #WINOGRAD_WEIGHTS} chooses between
 * algorithms that round differently, so exact results do not use it.
 */
public enum Tuning {
    /** Threads. With two for each core of the processor, one may be as fast. */
    THREADS(50),
    /** Columns of a matrix product's left operand that are packed at a time. */
    GEMM_DEPTH(80, 150, 200),
    /** Rows of it that are packed at a time. */
    GEMM_BLOCK(200),
    /** Bytes of the right operand that are packed at a time. */
    GEMM_SLICE(33, 66, 200),
    /** Numbers of a convolution's transformed input at a time. */
    WINOGRAD_CHUNK(50, 200),
    /** Tiles of a convolution whose products a task holds at a time. */
    WINOGRAD_BLOCK(50, 200),
    /** What it costs to transform a convolution's weights: the more, the more pixels it takes for Winograd's algorithm to be chosen. */
    WINOGRAD_WEIGHTS(30, 300);

    private static final Properties KEPT = read();

    /** The percentages that are worth a try beside 100. */
    public final List<Integer> tried;

    Tuning(Integer... tried) { this.tried = List.of(tried); }

    /** The size to use in place of the usual one. */
    public int of(int usual) { return Math.toIntExact((long) usual * percent() / 100); }

    /** The percentage in use. */
    public int percent() {
        String kept = KEPT.getProperty(key());
        return tried.stream().filter(p -> p.toString().equals(kept)).findFirst().orElse(100);
    }

    private String key() { return name().toLowerCase(Locale.ROOT).replace('_', '.'); }

    /** Percentages as a line of text for people. */
    public static String shown(Map<Tuning, Integer> percents) {
        return percents.entrySet().stream().map(e -> e.getKey().key() + " " + e.getValue() + " %").collect(Collectors.joining(", "));
    }

    /** The percentages in use other than 100. */
    public static Map<Tuning, Integer> inUse() {
        Map<Tuning, Integer> used = new EnumMap<>(Tuning.class);
        for (Tuning size : values()) if (size.percent() != 100) used.put(size, size.percent());
        return used;
    }

    /** Percentages as lines of a file. */
    public static String text(Map<Tuning, Integer> percents) {
        return percents.entrySet().stream().map(e -> e.getKey().key() + "=" + e.getValue() + "\n").collect(Collectors.joining());
    }

    /** The file of this processor and its width of vectors. It need not exist. */
    public static Path file() { return folder().resolve(machine() + ".properties"); }

    /** What names files about this processor and its width of vectors. */
    public static String machine() {
        return (Processor.identity() + " " + Processor.THREADS + " threads " + Vec.bits() + " bits").replaceAll("[^A-Za-z0-9]+", "-");
    }

    /** Keeps percentages for later processes on this processor; with none, those kept before are forgotten. The file is whole or as it was. */
    public static void keep(Map<Tuning, Integer> percents) throws IOException {
        if (percents.isEmpty()) {
            Files.deleteIfExists(file());
            return;
        }
        KeptFile.write(file(), text(percents).getBytes(StandardCharsets.UTF_8));
    }

    private static Path folder() { return UserFolders.cache("tuned"); }

    private static Properties read() {
        Properties kept = new Properties();
        String asked = System.getProperty("faithdiff.tuned");
        if ("off".equals(asked) || asked == null && !Files.isDirectory(folder())) return kept; // finding out the processor may take a process
        byte[] text = KeptFile.read(asked == null ? file() : Path.of(asked));
        try {
            if (text != null) kept.load(new StringReader(new String(text, StandardCharsets.UTF_8)));
        } catch (IOException | IllegalArgumentException e) { // damaged
            kept.clear();
        }
        return kept;
    }
}
