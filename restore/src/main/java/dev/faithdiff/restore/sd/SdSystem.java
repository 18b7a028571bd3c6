package dev.faithdiff.restore.sd;

import dev.faithdiff.image.Image;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import java.util.List;

/**
 * What a system that denoises in the latents of Stable Diffusion in several steps has of its own; {@link SdRestorer} has the rest.
 *
 * <p>How a system uses this package: its {@code RestorerKind} opens the folder by {@link SdModel#open}, its further networks by
 * {@link SdModel#weights}, and gives both to its {@code SdSystem}, of which it makes an {@link SdRestorer}. For each photo
 * {@link #begin} is asked once. It makes what the networks see, encodes it, encodes the prompts, and draws the first latents, for all of which
 * {@link SdRun} has a method. It answers with an {@link SdTask}: the plan of the steps, the network with its conditions, and how clean latents
 * become an image. The restorer then does the steps, saves and resumes them, and makes previews.
 */
public interface SdSystem {
    /** The name of its restorer, for messages. */
    String name();

    /** All its options in the order in which they are shown: those of {@link SdRestorer#OPTIONS}, and its own. */
    List<Option<?>> options();

    /** Its own and the model's initial values. */
    Options defaults();

    /** @throws IllegalArgumentException in one line if options do not go together */
    default void check(Options options) {}

    /**
     * What the steps take and what becomes of their result, for one photo. It is the same each time for the same run, whether it is resumed or
     * not: random numbers are drawn in one order, all of them here but for those of the steps. Tensors belong to the current scope.
     */
    SdTask begin(SdRun run);

    /** As {@link Restorer#tiles}. Tensors belong to the current scope. */
    default List<Image> tiles(SdRun run) { return List.of(run.photo); }
}
