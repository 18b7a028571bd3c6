package dev.faithdiff.convert.system;

import dev.faithdiff.convert.file.Cast;
import dev.faithdiff.networks.align.AlignConfig;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.io.Source;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The element types that a model is stored in, by part.
 *
 * <p>8 bits are for the U-Net's matrices and convolutions only. As in the fp8 mode of the published code they have no scales, and the LQ
 * encoder stays in half precision. Biases, norms and the other parts then become F16. {@code q8} and {@code q4} are 8 and 4 bits in groups for the
 * layers of a language model and of T5 ({@link GroupedTensors}); all else is F16.
 */
public final class Precision {
    private static final String LANGUAGE = "language";
    private static final List<String> PARTS = List.of("unet", "vae", "text_encoder", "text_encoder_2", "generator", "measure", "decoder", "text",
            "control", "lq_encoder", "cleaner", "tagger", "vision", LANGUAGE, "dit", DreamClearSystem.T5);
    private static final Set<String> GROUPED = Set.of(LANGUAGE, DreamClearSystem.T5);
    private static final List<String> TYPES = List.of("keep", "f32", "f16", "bf16", "f8_e4m3", "q8", "q4");
    static final Precision KEEP = parse("keep");

    private final Map<String, String> types = new LinkedHashMap<>();

    private Precision() { }

    /** @throws IllegalArgumentException unless {@code text} is like {@code f16} or {@code unet=f8_e4m3,vae=f16} */
    public static Precision parse(String text) {
        Precision p = new Precision();
        for (String entry : text.toLowerCase(Locale.ROOT).split(",", -1)) {
            String[] words = entry.strip().split("=", 2);
            String part = words.length == 2 ? words[0] : "", type = words[words.length - 1];
            if (!part.isEmpty() && !PARTS.contains(part)) throw new IllegalArgumentException("'" + part + "' is none of " + PARTS);
            if (!TYPES.contains(type)) throw new IllegalArgumentException("'" + type + "' is none of " + TYPES);
            if (type.equals("f8_e4m3") && !part.isEmpty() && !part.equals("unet")) throw new IllegalArgumentException("only unet may be f8_e4m3");
            if (type.startsWith("q") && !part.isEmpty() && !GROUPED.contains(part)) {
                throw new IllegalArgumentException("only " + LANGUAGE + " and " + DreamClearSystem.T5 + " may be " + type);
            }
            if (p.types.put(part, type) != null) throw new IllegalArgumentException("two types for " + (part.isEmpty() ? "all parts" : part));
        }
        return p;
    }

    /** A tensor of a part in the type to store. Types that the engine does not compute with are widened even where types are kept. */
    Source apply(String part, Source t) {
        return Cast.to(switch (type(part)) {
            case "f32" -> DType.F32;
            case "f16" -> DType.F16;
            case "q8", "q4" -> GROUPED.contains(part) && !t.dtype().isFloating() ? t.dtype() : DType.F16;
            case "bf16" -> DType.BF16;
            case "f8_e4m3" -> eight(part, t) ? DType.F8_E4M3 : DType.F16;
            default -> switch (t.dtype()) {
                case F8_E5M2, I8, U8, BOOL -> DType.F16;
                case F64, I64, I32, I16 -> DType.F32;
                case F8_E4M3 -> t.shape().rank() < 2 ? DType.F16 : DType.F8_E4M3;
                default -> t.dtype();
            };
        }, t);
    }

    /** The bits of a part's layers that are kept in groups; 0 if they are not. */
    int groupBits(String part) {
        return !GROUPED.contains(part) ? 0 : switch (type(part)) {
            case "q8" -> 8;
            case "q4" -> 4;
            default -> 0;
        };
    }

    boolean keeps() { return types.containsValue("keep") || !types.containsKey(""); }

    private String type(String part) { return types.getOrDefault(part, types.getOrDefault("", "keep")); }

    private static boolean eight(String part, Source t) {
        return part.equals("unet") && t.shape().rank() >= 2 && !t.name().startsWith(AlignConfig.ENCODER + ".");
    }
}
