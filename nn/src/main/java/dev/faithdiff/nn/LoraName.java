package dev.faithdiff.nn;

import java.util.Map;

/** What a tensor of a LoRA file is, by its name. @param module the changed module as the file calls it, without the start that marks its part */
record LoraName(Lora.Part part, String module, Role role) {
    /** What a tensor is to its module. */
    enum Role { DOWN, UP, MID, ALPHA }

    private static final Map<String, Role> ENDINGS = Map.of(".lora_down.weight", Role.DOWN, ".lora_up.weight", Role.UP,
            ".lora_mid.weight", Role.MID, ".alpha", Role.ALPHA, ".lora_A.weight", Role.DOWN, ".lora_B.weight", Role.UP,
            ".lora.down.weight", Role.DOWN, ".lora.up.weight", Role.UP, "_lora.down.weight", Role.DOWN, "_lora.up.weight", Role.UP);

    /** Null for a name of no kind that is known. */
    static LoraName of(String tensor) {
        String ending = ENDINGS.keySet().stream().filter(tensor::endsWith).findFirst().orElse(null);
        if (ending == null) return null;
        for (Lora.Part part : Lora.Part.values()) {
            for (String start : part.starts) {
                if (!tensor.startsWith(start) || tensor.length() < start.length() + ending.length()) continue;
                return new LoraName(part, plain(tensor.substring(start.length(), tensor.length() - ending.length())), ENDINGS.get(ending));
            }
        }
        return null;
    }

    /** Attention processors of early diffusers named their layers after themselves. */
    private static String plain(String module) {
        if (!module.contains(".processor.")) return module;
        String plain = module.replace(".processor.", ".");
        return plain.endsWith("to_out") ? plain + ".0" : plain;
    }
}
