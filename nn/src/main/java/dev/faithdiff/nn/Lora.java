package dev.faithdiff.nn;

import dev.faithdiff.nn.LoraName.Role;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Low-rank changes (arXiv 2106.09685) to the weights of one part of a system, from a safetensors file:
 * {@code W + strength * alpha / rank * up * down}. Reads the names of kohya's scripts ({@code lora_down}, {@code lora_up},
 * {@code lora_mid}, {@code alpha}), of PEFT ({@code lora_A}, {@code lora_B}) and of early diffusers ({@code lora.down}, {@code lora.up}).
 */
public final class Lora implements AutoCloseable {
    /** A network that a file may change, with the prefixes of its modules' names: first PEFT's, then kohya's. */
    public enum Part {
        UNET("unet.", "lora_unet_"),
        TEXT_ENCODER("text_encoder.", "lora_te1_", "lora_te_"),
        TEXT_ENCODER_2("text_encoder_2.", "lora_te2_");

        final List<String> starts;

        Part(String... starts) { this.starts = List.of(starts); }
    }

    private final FileWeights file;
    private final Part part;
    private final UnaryOperator<String> original;
    private final Map<String, LoraChange> changes = new LinkedHashMap<>();

    private Lora(FileWeights file, Part part, UnaryOperator<String> original) {
        this.file = file;
        this.part = part;
        this.original = original;
    }

    /** The changes to a part; the file has the same names for modules as the checkpoint. */
    public static Lora open(Path file, Part part) { return open(file, part, UnaryOperator.identity()); }

    /**
     * The changes to a part.
     *
     * @param original gives another name that the file may have for a module: for files of SDXL, that of the original code
     * @throws WeightsError listing all tensors of the file, whichever part they belong to, that are of no supported kind
     */
    public static Lora open(Path file, Part part, UnaryOperator<String> original) {
        Lora lora = new Lora(new FileWeights(file), part, original);
        try {
            lora.read();
            return lora;
        } catch (Throwable e) {
            lora.close();
            throw e;
        }
    }

    private void read() {
        Map<String, Map<Role, String>> modules = new LinkedHashMap<>();
        List<String> problems = new ArrayList<>();
        for (String tensor : file.held().keySet()) {
            LoraName name = LoraName.of(tensor);
            if (name == null) problems.add(tensor + " is no tensor of a supported kind of LoRA");
            if (name == null || name.part() != part) continue;
            String other = modules.computeIfAbsent(name.module(), m -> new EnumMap<>(Role.class)).put(name.role(), tensor);
            if (other != null) problems.add(tensor + " has the same role as " + other);
        }
        LoraMetadata metadata = LoraMetadata.of(file, part.starts.getFirst());
        modules.forEach((module, tensors) -> {
            if (isPair(tensors)) changes.put(module, change(module, tensors, metadata));
            else problems.add(tensors.values() + " are no pair of factors");
        });
        if (!problems.isEmpty()) throw new WeightsError(name(), problems);
    }

    private boolean isPair(Map<Role, String> tensors) {
        return Stream.of(Role.DOWN, Role.UP).allMatch(role -> tensors.containsKey(role) && isFactor(shape(tensors.get(role))));
    }

    private static boolean isFactor(Shape s) { return (s.rank() == 2 || s.rank() == 4) && s.count() > 0; }

    private LoraChange change(String module, Map<Role, String> tensors, LoraMetadata metadata) {
        int rank = shape(tensors.get(Role.DOWN)).size(0);
        double alpha = tensors.containsKey(Role.ALPHA) ? number(tensors.get(Role.ALPHA)) : metadata.alpha(module, rank);
        return new LoraChange(tensors.get(Role.DOWN), tensors.get(Role.MID), tensors.get(Role.UP), (float) (alpha / rank));
    }

    private double number(String tensor) {
        Tensor t = file.get(tensor);
        if (t.count() != 1) throw new WeightsError(name() + ": " + tensor + " is " + t.shape() + " and not one number");
        return t.get(0);
    }

    private Shape shape(String tensor) { return file.held().get(tensor).shape(); }

    String name() { return file.name(); }

    FileWeights file() { return file; }

    /** The changes by the file's names of modules. */
    Map<String, LoraChange> changes() { return Collections.unmodifiableMap(changes); }

    /** The names, without dots as in kohya's files, that the file may use for a module. */
    List<String> names(String module) { return List.of(flat(module), flat(original.apply(module))); }

    static String flat(String module) { return module.replace('.', '_'); }

    @Override public void close() { file.close(); }
}
