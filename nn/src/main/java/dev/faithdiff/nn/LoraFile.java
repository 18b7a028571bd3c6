package dev.faithdiff.nn;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A LoRA's safetensors file, and the factor of its whole change, 1 as trained. */
public record LoraFile(Path path, float strength) {
    /** How users write one. */
    public static final String FORM = "FILE[:STRENGTH]";
    private static final Pattern STRENGTH = Pattern.compile("(.+):(-?\\d*\\.?\\d+)");

    /** The file that a text such as {@code style.safetensors:0.8} names. */
    public static LoraFile of(String text) {
        Matcher m = STRENGTH.matcher(text);
        return m.matches() ? new LoraFile(Path.of(m.group(1)), Float.parseFloat(m.group(2))) : new LoraFile(Path.of(text), 1);
    }

    /**
     * A part's weights with this added, see {@link LoraWeights}.
     *
     * @param original as in {@link Lora#open(Path, Lora.Part, UnaryOperator)}
     */
    public WeightSource over(WeightSource weights, Lora.Part part, UnaryOperator<String> original) {
        Lora lora;
        try {
            lora = Lora.open(path, part, original);
        } catch (Throwable e) {
            weights.close();
            throw e;
        }
        return new LoraWeights(weights, lora, strength);
    }

    /** @throws WeightsError naming the tensors of the file that are for none of a model's parts, or of no kind that is known */
    public void requireOnly(Collection<Lora.Part> parts) {
        if (isPickle()) throw new WeightsError(path + ": is a pickle of PyTorch and not safetensors; 'faithdiff convert --lora' reads it");
        try (FileWeights file = new FileWeights(path)) {
            Lora.requireOnly(file.name(), file.held().keySet(), parts);
        }
    }

    private boolean isPickle() {
        if (!Files.isRegularFile(path)) return false;
        try (InputStream in = Files.newInputStream(path)) {
            byte[] start = in.readNBytes(4);
            return start.length == 4 && (start[0] == 'P' && start[1] == 'K' || start[0] == (byte) 0x80);
        } catch (IOException e) {
            return false; // opening it says why
        }
    }

    /** Some files by what a model's digest calls them, with their strengths and in their order. */
    public static Map<String, Path> digested(List<LoraFile> files) {
        Map<String, Path> all = new LinkedHashMap<>();
        for (LoraFile f : files) all.put("LoRA " + all.size() + " times " + f.strength, f.path);
        return all;
    }

    /** The names of some files with their strengths. */
    public static String names(List<LoraFile> files) {
        return String.join(", ", files.stream().map(f -> f.path.getFileName() + ":" + f.strength).toList());
    }
}
