package dev.faithdiff.nn;

import dev.faithdiff.nn.LoraName.Role;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * Low-rank changes (arXiv 2106.09685) to the weights of one part of a system, from a file:
 * {@code W + strength * alpha / rank * up * down}. Reads the names of kohya's scripts ({@code lora_down}, {@code lora_up},
 * {@code lora_mid}, {@code alpha}), of PEFT ({@code lora_A}, {@code lora_B}) and of early diffusers ({@code lora.down}, {@code lora.up}).
 */
public final class Lora implements AutoCloseable {
    /** A network that a file may change, with the prefixes of its modules' names: first PEFT's, then kohya's. */
    public enum Part {
        UNET("unet.", "lora_unet_"),
        TEXT_ENCODER("text_encoder.", "lora_te1_", "lora_te_"),
        TEXT_ENCODER_2("text_encoder_2.", "lora_te2_"),
        VAE("vae.", "lora_vae_");

        final List<String> starts;

        Part(String... starts) { this.starts = List.of(starts); }

        /** The folder of this part's weights in a model folder. */
        public String folder() { return name().toLowerCase(Locale.ROOT); }

        @Override public String toString() {
            return switch (this) {
                case UNET -> "U-Net";
                case TEXT_ENCODER -> "first text encoder";
                case TEXT_ENCODER_2 -> "second text encoder";
                case VAE -> "autoencoder";
            };
        }
    }

    private final WeightSource file;
    private final Map<String, String> header;
    private final Part part;
    private final UnaryOperator<String> original;
    private final Map<String, LoraChange> changes = new LinkedHashMap<>();

    private Lora(WeightSource file, Map<String, String> header, Part part, UnaryOperator<String> original) {
        this.file = file;
        this.header = header;
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
        FileWeights weights = new FileWeights(file);
        return of(weights, weights.metadata(), part, original);
    }

    /** As above, of tensors that some other kind of file holds. @param header the text entries of that file */
    public static Lora of(WeightSource file, Map<String, String> header, Part part, UnaryOperator<String> original) {
        Lora lora = new Lora(file, header, part, original);
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
        LoraMetadata metadata = LoraMetadata.of(name(), header, part.starts.getFirst());
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
        Tensor t = tensor(file, tensor);
        if (t.count() != 1) throw new WeightsError(name() + ": " + tensor + " is " + t.shape() + " and not one number");
        return t.get(0);
    }

    private Shape shape(String tensor) { return file.held().get(tensor).shape(); }

    String name() { return file.name(); }

    WeightSource file() { return file; }

    /** A tensor of a file, with kernels as layers hold them. */
    static Tensor tensor(WeightSource file, String name) { return file.get(name, null, Layout.inLayer(file.held().get(name).shape())); }

    /** @throws WeightsError naming tensors that are for none of some parts, or of no kind that is known */
    public static void requireOnly(String file, Collection<String> tensors, Collection<Part> parts) {
        List<String> problems = new ArrayList<>();
        for (String tensor : tensors) {
            LoraName name = LoraName.of(tensor);
            if (name == null) problems.add(tensor + " is no tensor of a supported kind of LoRA");
            else if (!parts.contains(name.part())) problems.add(tensor + " is for the " + name.part() + ", which the model has not");
        }
        if (!problems.isEmpty()) throw new WeightsError(file, problems);
    }

    /** The changes by the file's names of modules. */
    Map<String, LoraChange> changes() { return Collections.unmodifiableMap(changes); }

    /** The names, without dots as in kohya's files, that the file may use for a module. */
    List<String> names(String module) { return List.of(flat(module), flat(original.apply(module))); }

    static String flat(String module) { return module.replace('.', '_'); }

    @Override public void close() { file.close(); }
}
