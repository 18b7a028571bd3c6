package dev.faithdiff.networks.adcsr;

import dev.faithdiff.model.Config;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.networks.unet.UNetConfig.Kind;
import dev.faithdiff.networks.unet.UNetConfig.Norm;
import dev.faithdiff.networks.unet.UNetConfig.Time;
import dev.faithdiff.networks.unet.UNetConfig.Transformers;
import java.util.List;

/**
 * Sizes of AdcSR's two networks.
 *
 * @param decoderChannels width of each level, outermost first
 * @param decoderResnets  of each level
 */
public record AdcSrConfig(UNetConfig unet, int[] decoderChannels, int decoderResnets, int decoderGroups) {
    /** The name of the kind in {@code model.json}, which holds the sizes. */
    public static final String KIND = "adcsr";
    /** Pixels of the photo along one side of a feature, whose colours are its input. */
    public static final int UNSHUFFLE = 2;

    /** Channels are three quarters of those before pruning, so their norms have another number of groups where 32 does not divide them. */
    private static final int[] GROUPS = {32, 24, 16, 12, 8, 6, 4, 2, 1};
    private static final float EPS = 1e-5f;
    private static final int COLORS = 3;

    /** Reads {@code model.json}. */
    public static AdcSrConfig of(Config c) {
        int[] channels = c.integers("unet_channels"), decoder = c.integers("decoder_channels");
        int[] depth = new int[channels.length];
        for (int i = 0; i < c.within("unet_transformer_levels", 0, channels.length); i++) depth[i] = 1;
        Transformers transformers = new Transformers(depth, 1, c.integers("unet_heads", channels.length), true, List.of(new Kind("attentions", 0)));
        UNetConfig unet = new UNetConfig(COLORS * UNSHUFFLE * UNSHUFFLE, decoder[decoder.length - 1], channels, c.positive("unet_resnets"), Time.NONE,
                transformers, new Norm(GROUPS, EPS));
        return new AdcSrConfig(unet, decoder, c.positive("decoder_resnets"), c.positive("decoder_groups"));
    }

    /** Sides of the photo must be multiples of this many pixels. */
    public int multiple() { return UNSHUFFLE << unet.channels().length - 1; }

    /** Pixels of the result along one side of a feature. */
    public int upscale() { return 1 << decoderChannels.length - 1; }

    /** How many times larger the result is than the photo. */
    public int scale() { return upscale() / UNSHUFFLE; }
}
