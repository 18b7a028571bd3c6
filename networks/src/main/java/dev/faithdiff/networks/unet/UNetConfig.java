package dev.faithdiff.networks.unet;

import dev.faithdiff.model.Config;
import dev.faithdiff.nn.NamedShapes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Sizes of a U-Net.
 *
 * @param channels width of each level, outermost first
 * @param layers   layers of each level on the down path; on the up path there is one more
 */
public record UNetConfig(int inChannels, int outChannels, int[] channels, int layers, Time time, Transformers transformers, Norm norm) {
    /** Width of an attention head, width of each size's sinusoid, and groups, as in Stable Diffusion 2.1 and SDXL. */
    private static final int HEAD = 64, SIZE_WIDTH = 256, GROUPS = 32;
    private static final float EPS = 1e-5f;

    /** Stable Diffusion 2.1, with 512 or 768 pixels; their weights differ, and what they predict. */
    public static final UNetConfig SD21 = published(new int[] {320, 640, 1280, 1280}, new int[] {1, 1, 1, 0}, 1, 1024, new Time(1280, 0, 0));

    public static final UNetConfig SDXL = published(new int[] {320, 640, 1280}, new int[] {0, 2, 10}, 10, 2048, new Time(1280, SIZE_WIDTH, 2816));

    /** Settings that are the same in all U-Nets this is made for. */
    private static final Map<String, String> FIXED = Map.ofEntries(Map.entry("act_fn", "silu"), Map.entry("addition_embed_type", "text_time"),
            Map.entry("center_input_sample", "false"), Map.entry("class_embed_type", "null"), Map.entry("conv_in_kernel", "3"),
            Map.entry("conv_out_kernel", "3"), Map.entry("cross_attention_norm", "null"), Map.entry("downsample_padding", "1"),
            Map.entry("dual_cross_attention", "false"), Map.entry("encoder_hid_dim", "null"), Map.entry("flip_sin_to_cos", "true"),
            Map.entry("freq_shift", "0"), Map.entry("mid_block_type", "UNetMidBlock2DCrossAttn"), Map.entry("num_class_embeds", "null"),
            Map.entry("only_cross_attention", "false"), Map.entry("resnet_skip_time_act", "false"),
            Map.entry("resnet_time_scale_shift", "default"), Map.entry("time_cond_proj_dim", "null"), Map.entry("time_embedding_dim", "null"),
            Map.entry("time_embedding_type", "positional"), Map.entry("timestep_post_act", "null"));

    /**
     * How time enters.
     *
     * @param width      width of the time embedding; 0: the network knows no time
     * @param sizeWidth  sinusoid width of each size of the size conditioning
     * @param addedWidth width of pooled text and size sinusoids together; 0: nothing is added to the timestep
     */
    public record Time(int width, int sizeWidth, int addedWidth) {
        public static final Time NONE = new Time(0, 0, 0);
    }

    /**
     * The transformers behind resnets.
     *
     * @param depth  transformer blocks behind each resnet of a level; 0: no transformer
     * @param middle the same in the middle
     * @param heads  attention heads of each level; the middle has those of the last
     * @param linear whether the projections around the blocks are linear layers in the file, or 1x1 convolutions
     * @param kinds  which transformers stand behind a resnet, in this order
     */
    public record Transformers(int[] depth, int middle, int[] heads, boolean linear, List<Kind> kinds) {}

    /**
     * One transformer behind a resnet.
     *
     * @param name         its name in the file
     * @param contextWidth width of the states that it attends to; 0: it has self-attention only
     */
    public record Kind(String name, int contextWidth) {
        /** The one that attends to the text, and the only one of Stable Diffusion. */
        public static Kind text(int width) { return new Kind("attentions", width); }

        /** The one of SeeSR that attends to what a tagger sees in the photo. */
        public static Kind image(int width) { return new Kind("image_attentions", width); }
    }

    /** @param groups of GroupNorm: the first of these numbers that divides the channels */
    public record Norm(int[] groups, float eps) {
        /** The number of groups for so many channels. */
        public int groups(int channels) { return Arrays.stream(groups).filter(g -> channels % g == 0).findFirst().orElse(groups[0]); }
    }

    /** Reads a published {@code config.json} of a U-Net or of a ControlNet, and refuses what no network uses that this is made for. */
    public static UNetConfig of(Config c) {
        FIXED.forEach(c::require);
        int[] channels = c.integers("block_out_channels");
        int levels = channels.length, first = channels[0];
        int[] blocks = c.has("transformer_layers_per_block") ? c.integers("transformer_layers_per_block", levels) : ones(levels);
        // Published configurations give the number of heads under attention_head_dim.
        int[] heads = c.integers(c.has("num_attention_heads") ? "num_attention_heads" : "attention_head_dim", levels);
        boolean[] attends = attends(c, levels);
        int[] depth = new int[levels];
        for (int i = 0; i < levels; i++) depth[i] = attends[i] ? blocks[i] : 0;
        boolean added = c.has("addition_embed_type");
        Time time = new Time(4 * first, added ? c.positive("addition_time_embed_dim") : 0,
                added ? c.positive("projection_class_embeddings_input_dim") : 0);
        return new UNetConfig(c.positive("in_channels"), c.integer("out_channels", 4), channels, c.integer("layers_per_block"), time,
                new Transformers(depth, blocks[levels - 1], heads, c.flag("use_linear_projection", false),
                        List.of(Kind.text(c.positive("cross_attention_dim")))),
                new Norm(new int[] {c.positive("norm_num_groups")}, (float) c.number("norm_eps")));
    }

    /**
     * The sizes of a U-Net with these tensors under the names of diffusers. What does not show in a shape is as in Stable Diffusion 2.1 and
     * SDXL: heads of 64 channels, 32 groups, size conditioning of 256 channels for each size.
     *
     * @throws IllegalArgumentException if the tensors are not those of such a U-Net
     */
    public static UNetConfig of(NamedShapes s) {
        String middle = "mid_block.attentions.0", timestep = "time_embedding.linear_1.weight", added = "add_embedding.linear_1.weight";
        int[] channels = s.sizes("down_blocks", "resnets.0.conv1.weight", 0);
        NamedShapes.requireMultiples(channels, HEAD, "the width of a head");
        int[] depth = new int[channels.length];
        for (int i = 0; i < depth.length; i++) depth[i] = s.count("down_blocks." + i + ".attentions.0.transformer_blocks", "norm1.weight");
        boolean adds = s.has(added);
        Time time = s.has(timestep) ? new Time(s.size(timestep, 0), adds ? SIZE_WIDTH : 0, adds ? s.size(added, 1) : 0) : Time.NONE;
        Kind text = Kind.text(s.size(middle + ".transformer_blocks.0.attn2.to_k.weight", 1));
        Transformers transformers = new Transformers(depth, s.count(middle + ".transformer_blocks", "norm1.weight"), headsOfWidth(HEAD, channels),
                s.rank(middle + ".proj_in.weight") == 2, List.of(text));
        return new UNetConfig(s.size("conv_in.weight", 1), s.size("conv_out.weight", 0), channels,
                s.count("down_blocks.0.resnets", "conv1.weight"), time, transformers, new Norm(new int[] {GROUPS}, EPS));
    }

    /** These sizes with one more transformer behind those behind each resnet. */
    public UNetConfig with(Kind more) {
        List<Kind> kinds = new ArrayList<>(transformers.kinds);
        kinds.add(more);
        Transformers t = new Transformers(transformers.depth, transformers.middle, transformers.heads, transformers.linear, List.copyOf(kinds));
        return new UNetConfig(inChannels, outChannels, channels, layers, time, t, norm);
    }

    /** These sizes for a network that sees more than the latents. @param inputs channels of its input */
    public UNetConfig withInputs(int inputs) { return new UNetConfig(inputs, outChannels, channels, layers, time, transformers, norm); }

    /** The width of each skip, outermost first: that of the first convolution, of each layer, and of each halving. */
    public List<Integer> skipWidths() {
        List<Integer> widths = new ArrayList<>(List.of(channels[0]));
        for (int i = 0; i < channels.length; i++) {
            int count = i < channels.length - 1 ? layers + 1 : layers;
            for (int j = 0; j < count; j++) widths.add(channels[i]);
        }
        return widths;
    }

    /** Width of the text states. */
    public int textWidth() { return transformers.kinds.getFirst().contextWidth(); }

    private static UNetConfig published(int[] channels, int[] depth, int middle, int textWidth, Time time) {
        Transformers transformers = new Transformers(depth, middle, headsOfWidth(HEAD, channels), true, List.of(Kind.text(textWidth)));
        return new UNetConfig(4, 4, channels, 2, time, transformers, new Norm(new int[] {GROUPS}, EPS));
    }

    /** The number of attention heads of each level where all heads have one width. */
    public static int[] headsOfWidth(int width, int... channels) { return Arrays.stream(channels).map(n -> n / width).toArray(); }

    private static int[] ones(int count) {
        int[] ones = new int[count];
        Arrays.fill(ones, 1);
        return ones;
    }

    /** Whether each level has transformers; the up path must have them where the down path has. */
    private static boolean[] attends(Config c, int levels) {
        boolean[] attends = attends(c, "down_block_types", "DownBlock2D", levels);
        if (!c.has("up_block_types")) return attends; // a ControlNet has no up path
        boolean[] up = attends(c, "up_block_types", "UpBlock2D", levels);
        for (int i = 0; i < levels; i++) {
            if (up[levels - 1 - i] != attends[i]) throw c.wrong("up_block_types", "the types of 'down_block_types' in reverse order");
        }
        return attends;
    }

    private static boolean[] attends(Config c, String key, String plain, int levels) {
        String[] types = c.texts(key);
        if (types.length != levels) throw c.wrong(key, "a list of " + levels);
        boolean[] attends = new boolean[levels];
        for (int i = 0; i < levels; i++) {
            attends[i] = types[i].equals("CrossAttn" + plain);
            if (!attends[i] && !types[i].equals(plain)) throw c.wrong(key, "a list of " + plain + " and CrossAttn" + plain);
        }
        return attends;
    }
}
