package dev.faithdiff.restore.onestep;

import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.diffusion.Attribution;
import dev.faithdiff.restore.diffusion.Denoiser;
import dev.faithdiff.restore.diffusion.NoiseSchedule;
import java.util.List;

/** What a system of one step has of its own; {@link OneStepRestorer} has the rest. */
public interface OneStep {
    /** The name of its restorer, for messages. */
    String name();

    /** Its own options. */
    List<Option<?>> options();

    /** The timestep of which its U-Net is told. */
    int timestep();

    /** The schedule of this timestep, and what the network's answers mean. */
    NoiseSchedule schedule();

    /** Whether the weights by which its tiles are merged are symmetric. */
    boolean centred();

    /** Where a word of the prompt stands among the states of the text; none: it does not, or this system reads no prompt. */
    default int[] places(Options options, String word) { return new int[0]; }

    /** Its network for one photo, in the current scope. @param attribution watches the prompt's context @param listener gets warnings */
    Denoiser denoiser(Options options, Attribution attribution, Listener listener);
}
