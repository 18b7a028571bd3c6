package dev.faithdiff.networks.t5;

import dev.faithdiff.model.Config;

/**
 * Sizes of a T5 encoder of version 1.1 (Raffel et al., arXiv:1910.10683), under the names of its published configuration.
 *
 * @param headWidth of each head; heads need not fill the width
 * @param buckets   of distances between tokens, half of them for tokens behind; from 128 on all distances are one
 */
public record T5Config(int width, int layers, int heads, int headWidth, int mlpWidth, int vocabulary, int buckets, float eps) {
    private static final int DISTANCE = 128;

    /** Reads {@code t5/config.json}. */
    public static T5Config of(Config c) {
        c.require("feed_forward_proj", "gated-gelu");
        if (c.integer("relative_attention_max_distance", DISTANCE) != DISTANCE) throw c.wrong("relative_attention_max_distance", "128");
        return c.checked(() -> new T5Config(c.positive("d_model"), c.positive("num_layers"), c.positive("num_heads"), c.positive("d_kv"),
                c.positive("d_ff"), c.positive("vocab_size"), c.positive("relative_attention_num_buckets"),
                (float) c.number("layer_norm_epsilon", 1e-6)));
    }

    public T5Config {
        boolean fit = buckets % 4 == 0 && DISTANCE > buckets / 4;
        if (!fit) throw new IllegalArgumentException(buckets + " buckets do not divide into halves of near and far up to " + DISTANCE);
    }

    /** The bucket of a distance. @param distance place of the key minus that of the query */
    int bucket(int distance) {
        int half = buckets / 2, near = half / 2, far = Math.abs(distance), behind = distance > 0 ? half : 0;
        if (far < near) return behind + far;
        float share = (float) Math.log((float) far / near) / (float) Math.log((double) DISTANCE / near);
        return behind + Math.min(half - 1, near + (int) (share * (half - near)));
    }
}
