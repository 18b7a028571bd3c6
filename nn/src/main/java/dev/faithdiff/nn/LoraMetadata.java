package dev.faithdiff.nn;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.HashMap;
import java.util.Map;

/**
 * The alphas that diffusers writes into a LoRA file's header ({@code lora_adapter_metadata}, the arguments of PEFT's LoraConfig).
 *
 * @param alpha for all other modules; null if the header gives none
 * @param some  for single modules, by their names or the last words of these
 */
record LoraMetadata(Double alpha, Map<String, Double> some) {
    private static final String ENTRY = "lora_adapter_metadata";

    /** @param part how the keys of one part start */
    static LoraMetadata of(String file, Map<String, String> header, String part) {
        String text = header.get(ENTRY);
        if (text == null) return new LoraMetadata(null, Map.of());
        try {
            JsonObject json = JsonParser.parseString(text).getAsJsonObject();
            if (json.has(part + "use_rslora") && json.get(part + "use_rslora").getAsBoolean()) {
                throw new WeightsError(file + ": divides alpha by the root of the rank (use_rslora), which is not supported");
            }
            Map<String, Double> some = new HashMap<>();
            JsonObject pattern = json.has(part + "alpha_pattern") ? json.getAsJsonObject(part + "alpha_pattern") : new JsonObject();
            pattern.asMap().forEach((module, alpha) -> some.put(module, alpha.getAsDouble()));
            return new LoraMetadata(json.has(part + "lora_alpha") ? json.get(part + "lora_alpha").getAsDouble() : null, some);
        } catch (RuntimeException e) {
            if (e instanceof WeightsError) throw e;
            throw new WeightsError(file + ": " + ENTRY + " in the header is no JSON object of LoRA settings");
        }
    }

    /** The alpha of a module; {@code otherwise} if the header gives none. */
    double alpha(String module, double otherwise) {
        for (Map.Entry<String, Double> e : some.entrySet()) if (("." + module).endsWith("." + e.getKey())) return e.getValue();
        return alpha == null ? otherwise : alpha;
    }
}
