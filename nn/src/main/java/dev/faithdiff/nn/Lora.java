package dev.faithdiff.nn;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Low-rank changes (arXiv 2106.09685) to the weights of one part of a system, from a safetensors file:
 * {@code W + strength * alpha / rank * up * down}. Reads the names of kohya's scripts ({@code lora_down}, {@code lora_up}, {@code lora_mid},
 * {@code alpha}), of PEFT ({@code lora_A}, {@code lora_B}) and of early diffusers ({@code lora.down}, {@code lora.up}).
 */
public final class Lora implements AutoCloseable {
    /** A part that a file may change, with the ways in which names of its modules start: first PEFT's, then kohya's. */
    public enum Part {
        UNET("unet.", "lora_unet_"),
        TEXT_ENCODER("text_encoder.", "lora_te1_", "lora_te_"),
        TEXT_ENCODER_2("text_encoder_2.", "lora_te2_");

        private final List<String> starts;

        Part(String... starts) { this.starts = List.of(starts); }

        /** How a tensor of this part starts; empty if it is of another part. */
        private Optional<String> start(String tensor) { return starts.stream().filter(tensor::startsWith).findFirst(); }
    }

    /** What a tensor is to its module. */
    enum Role { DOWN, UP, MID, ALPHA }

    private static final Map<String, Role> ENDINGS = Map.ofEntries(Map.entry(".lora_down.weight", Role.DOWN), Map.entry(".lora_up.weight", Role.UP),
            Map.entry(".lora_mid.weight", Role.MID), Map.entry(".alpha", Role.ALPHA), Map.entry(".lora_A.weight", Role.DOWN),
            Map.entry(".lora_B.weight", Role.UP), Map.entry(".lora.down.weight", Role.DOWN), Map.entry(".lora.up.weight", Role.UP),
            Map.entry("_lora.down.weight", Role.DOWN), Map.entry("_lora.up.weight", Role.UP));

    private final FileWeights file;
    private final Part part;
    private final UnaryOperator<String> original;
    private final Map<String, LoraChange> changes = new LinkedHashMap<>();

    private Lora(FileWeights file, Part part, UnaryOperator<String> original) {
        this.file = file;
        this.part = part;
        this.original = original;
    }

    /** The changes to a part whose modules the file calls as its checkpoint does. */
    public static Lora open(Path file, Part part) { return open(file, part, UnaryOperator.identity()); }

    /**
     * The changes to a part.
     *
     * @param original another name of a module that the file may use: for files of SDXL, that in the original code
     * @throws WeightsError listing all tensors of the file, whichever part they belong to, that are of no kind read here
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
            Optional<String> ending = ENDINGS.keySet().stream().filter(tensor::endsWith).findFirst();
            if (ending.isEmpty() || Stream.of(Part.values()).allMatch(p -> p.start(tensor).isEmpty())) {
                problems.add(tensor + " is no tensor of a supported kind of LoRA");
            } else if (part.start(tensor).isPresent()) {
                String module = module(tensor.substring(part.start(tensor).get().length(), tensor.length() - ending.get().length()));
                String other = modules.computeIfAbsent(module, m -> new EnumMap<>(Role.class)).put(ENDINGS.get(ending.get()), tensor);
                if (other != null) problems.add(tensor + " stands beside " + other);
            }
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

    /** Attention processors of early diffusers named their layers after themselves. */
    private static String module(String name) {
        if (!name.contains(".processor.")) return name;
        String plain = name.replace(".processor.", ".");
        return plain.endsWith("to_out") ? plain + ".0" : plain;
    }

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
