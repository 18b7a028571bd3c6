package dev.faithdiff.networks.score;

import dev.faithdiff.model.Config;
import dev.faithdiff.networks.Scorer;
import dev.faithdiff.networks.alexnet.AlexNet;
import dev.faithdiff.networks.clip.ClipAlignment;
import dev.faithdiff.networks.clip.ClipConfig;
import dev.faithdiff.networks.clip.ClipImageEncoder;
import dev.faithdiff.networks.clip.ClipImageEncoder.Positions;
import dev.faithdiff.networks.clip.ClipTextEncoder;
import dev.faithdiff.networks.clipiqa.ClipIqa;
import dev.faithdiff.networks.clipiqa.Prompts;
import dev.faithdiff.networks.dists.Dists;
import dev.faithdiff.networks.lpips.Lpips;
import dev.faithdiff.networks.maniqa.Maniqa;
import dev.faithdiff.networks.musiq.Musiq;
import dev.faithdiff.networks.paq2piq.Paq2Piq;
import dev.faithdiff.networks.vgg.Vgg16;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The networks that give images a number, and how each is built of the tensors of a model folder: sizes are those of the tensors, all else is as
 * published but for what {@code model.json} says.
 */
public enum ScorerKind {
    LPIPS_ALEX("lpips-alex", false, true, (w, s, c) -> new Lpips(w, new AlexNet(w, s))),
    LPIPS_VGG("lpips-vgg", false, true, (w, s, c) -> new Lpips(w, new Vgg16(w, s, Vgg16.MAX))),
    DISTS("dists", false, true, (w, s, c) -> new Dists(w, s)),
    ALIGNMENT("alignment", true, true, (w, s, c) -> new ClipAlignment(ClipImageEncoder.of(w, s, visionHeads(s, c), Positions.FIXED))),
    MUSIQ("musiq", true, false, (w, s, c) -> musiq(w, s, c)),
    MUSIQ_SPAQ("musiq-spaq", true, false, (w, s, c) -> musiq(w, s, c)),
    MUSIQ_AVA("musiq-ava", true, false, (w, s, c) -> musiq(w, s, c)),
    CLIPIQA("clipiqa", true, false, (w, s, c) -> clipIqa(w, s, c, Positions.NONE)),
    CLIPIQA_PLUS("clipiqa+", true, false, (w, s, c) -> clipIqa(w, s, c, Positions.NONE)),
    CLIPIQA_PLUS_RN50("clipiqa+_rn50_512", true, false, (w, s, c) -> clipIqa(w, s, c, Positions.RESIZED)),
    CLIPIQA_PLUS_VIT("clipiqa+_vitL14_512", true, false, (w, s, c) -> clipIqa(w, s, c, Positions.RESIZED)),
    MANIQA_PIPAL("maniqa-pipal", true, false, (w, s, c) -> maniqa(w, s, c, 0.13f)),
    MANIQA("maniqa", true, false, (w, s, c) -> maniqa(w, s, c, 0.8f)),
    MANIQA_KADID("maniqa-kadid", true, false, (w, s, c) -> maniqa(w, s, c, 0.8f)),
    PAQ2PIQ("paq2piq", true, false, (w, s, c) -> new Paq2Piq(w, s));

    /** Channels of an attention head in all released networks; {@code heads} in model.json says another number of heads. */
    private static final int HEAD = 64;

    private interface Build {
        Scorer of(Weights w, NamedShapes s, Config settings);
    }

    private final String kind;
    private final boolean higherBetter, reference;
    private final Build build;

    ScorerKind(String kind, boolean higherBetter, boolean reference, Build build) {
        this.kind = kind;
        this.higherBetter = higherBetter;
        this.reference = reference;
        this.build = build;
    }

    /** The kind of network that {@code model.json} names, if there is one. */
    public static Optional<ScorerKind> of(String kind) { return Stream.of(values()).filter(k -> k.kind.equals(kind)).findFirst(); }

    /** As {@code model.json} and users name it. */
    @Override public String toString() { return kind; }

    public boolean isHigherBetter() { return higherBetter; }

    public boolean needsReference() { return reference; }

    /**
     * Builds the network.
     *
     * @param shapes   of its tensors
     * @param settings {@code model.json}
     * @throws IllegalArgumentException if the tensors are not those of such a network
     */
    public Scorer build(Weights w, NamedShapes shapes, Config settings) { return build.of(w, shapes, settings); }

    private static int heads(Config c, String key, int width) { return c.has(key) ? c.positive(key) : width / HEAD; }

    private static int visionHeads(NamedShapes s, Config c) {
        String patches = "vision_model.embeddings.patch_embedding.weight";
        return s.has(patches) ? heads(c, "heads", s.size(patches, 0)) : 0;
    }

    private static Musiq musiq(Weights w, NamedShapes s, Config c) { return new Musiq(w, s, heads(c, "heads", s.size("embedding.weight", 0))); }

    private static Maniqa maniqa(Weights w, NamedShapes s, Config c, float scale) {
        return new Maniqa(w, s, heads(c, "heads", s.size("vit.patch_embed.proj.weight", 0)), scale);
    }

    private static ClipIqa clipIqa(Weights w, NamedShapes s, Config c, Positions positions) {
        ClipImageEncoder image = ClipImageEncoder.of(w, s, visionHeads(s, c), positions);
        return new ClipIqa(w, image, new ClipTextEncoder(w, ClipConfig.of(s, true)), new Prompts(w, s, Prompts.of(c)));
    }
}
