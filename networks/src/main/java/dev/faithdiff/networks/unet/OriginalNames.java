package dev.faithdiff.networks.unet;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How the original code (ldm and sgm) names a U-Net's modules, by which LoRA files call them (diffusers,
 * scripts/convert_diffusers_to_original_sdxl.py).
 */
public final class OriginalNames {
    private static final Pattern BLOCK =
            Pattern.compile("(down_blocks|up_blocks)\\.(\\d+)\\.(resnets|attentions|downsamplers|upsamplers)\\.(\\d+)\\.(.*)");
    private static final Pattern MIDDLE = Pattern.compile("mid_block\\.(resnets|attentions)\\.(\\d+)\\.(.*)");
    private static final Map<String, String> OUTER = Map.of("time_embedding.linear_1", "time_embed.0", "time_embedding.linear_2", "time_embed.2",
            "add_embedding.linear_1", "label_emb.0.0", "add_embedding.linear_2", "label_emb.0.2", "conv_in", "input_blocks.0.0",
            "conv_norm_out", "out.0", "conv_out", "out.2");
    private static final Map<String, String> RESNET = Map.of("norm1", "in_layers.0", "conv1", "in_layers.2", "time_emb_proj", "emb_layers.1",
            "norm2", "out_layers.0", "conv2", "out_layers.3", "conv_shortcut", "skip_connection");

    private final UNetConfig sizes;

    public OriginalNames(UNetConfig sizes) { this.sizes = sizes; }

    /** The original name of a module; the same for a module that the original U-Net has not. */
    public String of(String module) {
        Matcher block = BLOCK.matcher(module), middle = MIDDLE.matcher(module);
        if (middle.matches()) {
            boolean resnet = middle.group(1).equals("resnets");
            return "middle_block." + (resnet ? 2 * Integer.parseInt(middle.group(2)) : 1) + "." + inner(resnet, middle.group(3));
        }
        if (!block.matches()) return OUTER.getOrDefault(module, module);
        boolean up = block.group(1).equals("up_blocks");
        int level = Integer.parseInt(block.group(2)), first = level * (sizes.layers() + 1);
        String start = up ? "output_blocks." : "input_blocks.", kind = block.group(3);
        if (kind.equals("downsamplers")) return start + (first + 1 + sizes.layers()) + ".0.op";
        if (kind.equals("upsamplers")) return start + (first + sizes.layers()) + (attends(level) ? ".2.conv" : ".1.conv");
        boolean resnet = kind.equals("resnets");
        return start + (first + (up ? 0 : 1) + Integer.parseInt(block.group(4))) + (resnet ? ".0." : ".1.") + inner(resnet, block.group(5));
    }

    /** Whether a level of the up path, counted as it runs, has transformers. */
    private boolean attends(int level) {
        int last = sizes.channels().length - 1;
        return level <= last && sizes.transformers().depth()[last - level] > 0;
    }

    private static String inner(boolean resnet, String rest) { return resnet ? RESNET.getOrDefault(rest, rest) : rest; }
}
