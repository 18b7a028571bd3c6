package dev.faithdiff.convert.names;

import dev.faithdiff.convert.file.Views;
import dev.faithdiff.tensor.io.Source;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Renames the tensors of single-file checkpoints (ldm and sgm) to the names of diffusers.
 * Source: diffusers, scripts/convert_diffusers_to_original_sdxl.py, in reverse.
 */
public final class OriginalLayout {
    private static final String UNET = "model.diffusion_model.", VAE = "first_stage_model.", VAE_MARK = "encoder.mid.block_1.norm1.weight";
    private static final String SDXL_TEXT = "conditioner.embedders.", SD_TEXT = "cond_stage_model.";
    private static final Pattern BLOCK = Pattern.compile("(input_blocks|output_blocks|middle_block)\\.(\\d{1,4})\\.(?:(\\d{1,4})\\.)?(.*)");
    private static final Pattern VAE_LEVEL = Pattern.compile("(encoder\\.down|decoder\\.up)\\.(\\d{1,4})\\.(?:block\\.(\\d{1,4})\\.)?(.*)");
    private static final Map<String, String> UNET_NAMES = Map.of("time_embed.0.", "time_embedding.linear_1.",
            "time_embed.2.", "time_embedding.linear_2.", "label_emb.0.0.", "add_embedding.linear_1.", "label_emb.0.2.", "add_embedding.linear_2.",
            "input_blocks.0.0.", "conv_in.", "out.0.", "conv_norm_out.", "out.2.", "conv_out.");
    private static final Map<String, String> RESNET = Map.of("in_layers.0.", "norm1.", "in_layers.2.", "conv1.", "emb_layers.1.", "time_emb_proj.",
            "out_layers.0.", "norm2.", "out_layers.3.", "conv2.", "skip_connection.", "conv_shortcut.");
    private static final Map<String, String> VAE_MIDDLE = Map.of("mid.block_1.", "mid_block.resnets.0.", "mid.block_2.", "mid_block.resnets.1.",
            "mid.attn_1.norm.", "mid_block.attentions.0.group_norm.", "mid.attn_1.q.", "mid_block.attentions.0.to_q.",
            "mid.attn_1.k.", "mid_block.attentions.0.to_k.", "mid.attn_1.v.", "mid_block.attentions.0.to_v.",
            "mid.attn_1.proj_out.", "mid_block.attentions.0.to_out.0.", "norm_out.", "conv_norm_out.");

    private OriginalLayout() { }

    /** Whether these are the tensors of a single-file checkpoint. */
    public static boolean is(Map<String, Source> tensors) { return tensors.containsKey(UNET + "input_blocks.0.0.weight"); }

    /** Whether a single-file checkpoint is one of Stable Diffusion 1 or 2, which its text encoder shows. */
    static boolean isBeforeSdxl(Map<String, Source> tensors) { return tensors.keySet().stream().anyMatch(k -> k.startsWith(SD_TEXT)); }

    /** Whether these are the tensors of a VAE in the original layout, alone or in a single file. */
    static boolean isVae(Map<String, Source> tensors) { return tensors.containsKey(VAE_MARK) || tensors.containsKey(VAE + VAE_MARK); }

    /** The tensors of each part of a single-file checkpoint, named as diffusers and transformers name them. */
    public static Map<String, Map<String, Source>> parts(Map<String, Source> tensors) {
        Map<String, Map<String, Source>> parts = new LinkedHashMap<>();
        parts.put("unet", unet(KeyNames.below(UNET, tensors)));
        parts.put("vae", vae(tensors));
        Map<String, Source> first = KeyNames.below(SDXL_TEXT + "0.transformer.", tensors);
        Map<String, Source> second = OpenClip.tensors(KeyNames.below(SDXL_TEXT + "1.model.", tensors));
        if (!first.isEmpty() || !second.isEmpty()) {
            parts.put("text_encoder", first);
            parts.put("text_encoder_2", second);
        }
        if (isBeforeSdxl(tensors)) {
            Map<String, Source> clip = KeyNames.below(SD_TEXT + "transformer.", tensors);
            parts.put("text_encoder", clip.isEmpty() ? OpenClip.withoutLast(KeyNames.below(SD_TEXT + "model.", tensors)) : clip);
        }
        return parts;
    }

    /** Keys of a single-file checkpoint that belong to no part: averaged copies, the sampler's sigmas, and the like. */
    public static List<String> others(Map<String, Source> tensors) {
        return tensors.keySet().stream().filter(k -> Stream.of(UNET, VAE, SDXL_TEXT, SD_TEXT).noneMatch(k::startsWith)).toList();
    }

    /** A U-Net, or a part of one with more modules, which keep their names. @param tensors without the prefix of a single file */
    static Map<String, Source> unet(Map<String, Source> tensors) {
        int level = 1; // blocks of a level: its resnets, and one that changes the size
        while (level < 16 && !tensors.containsKey("input_blocks." + level + ".0.op.weight")) level++;
        Map<String, Source> all = new LinkedHashMap<>();
        for (Source t : tensors.values()) {
            String name = unet(t.name(), level);
            all.put(name, Views.renamed(t, name));
        }
        return all;
    }

    private static String unet(String key, int level) {
        String simple = replaceStart(key, UNET_NAMES);
        if (simple != null) return simple;
        Matcher m = BLOCK.matcher(key);
        if (!m.matches()) return key;
        int i = Integer.parseInt(m.group(2));
        String rest = m.group(4);
        if (m.group(1).equals("middle_block")) {
            String inner = (m.group(3) == null ? "" : m.group(3) + ".") + rest;
            return i == 1 ? "mid_block.attentions.0." + inner : "mid_block.resnets." + i / 2 + "." + resnet(inner);
        }
        boolean up = m.group(1).equals("output_blocks");
        int block = (up ? i : i - 1) / level, layer = (up ? i : i - 1) % level;
        String at = (up ? "up_blocks." : "down_blocks.") + block;
        if (rest.startsWith("op.")) return at + ".downsamplers.0.conv." + rest.substring(3);
        if (rest.startsWith("conv.")) return at + ".upsamplers.0." + rest;
        return "0".equals(m.group(3)) ? at + ".resnets." + layer + "." + resnet(rest) : at + ".attentions." + layer + "." + rest;
    }

    /** The name of a part of a resnet. */
    static String resnet(String rest) {
        String name = replaceStart(rest, RESNET);
        return name == null ? rest : name;
    }

    /** The VAE's tensors, from a single-file checkpoint or a file of its own, in any layout. */
    public static Map<String, Source> vae(Map<String, Source> tensors) {
        Map<String, Source> inner = KeyNames.below(VAE, tensors);
        if (inner.isEmpty()) inner = tensors;
        if (!inner.containsKey(VAE_MARK)) return KeyNames.modern(inner);
        List<Integer> ups = new ArrayList<>();
        for (String key : inner.keySet()) if (VAE_LEVEL.matcher(key) instanceof Matcher m && m.matches()) ups.add(Integer.parseInt(m.group(2)));
        int last = ups.stream().mapToInt(Integer::intValue).max().orElse(0);
        Map<String, Source> all = new LinkedHashMap<>();
        for (Source t : inner.values()) {
            String name = vae(t.name(), last);
            all.put(name, Views.renamed(t, name));
        }
        return KeyNames.modern(all);
    }

    private static String vae(String key, int last) {
        Matcher m = VAE_LEVEL.matcher(key);
        if (m.matches()) {
            boolean up = m.group(1).startsWith("decoder");
            int level = Integer.parseInt(m.group(2));
            String at = up ? "decoder.up_blocks." + (last - level) + "." : "encoder.down_blocks." + level + ".", rest = m.group(4);
            if (m.group(3) != null) return at + "resnets." + m.group(3) + "." + rest.replaceFirst("^nin_shortcut\\.", "conv_shortcut.");
            return at + rest.replaceFirst("^(down|up)sample\\.", "$1samplers.0.");
        }
        int dot = key.indexOf('.');
        String start = key.substring(0, dot + 1), middle = replaceStart(key.substring(dot + 1), VAE_MIDDLE);
        return middle == null ? key : start + middle;
    }

    private static String replaceStart(String key, Map<String, String> names) {
        for (var e : names.entrySet()) if (key.startsWith(e.getKey())) return e.getValue() + key.substring(e.getKey().length());
        return null;
    }
}
