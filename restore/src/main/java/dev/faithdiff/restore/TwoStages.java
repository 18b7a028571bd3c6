package dev.faithdiff.restore;

import static dev.faithdiff.restore.CommonOptions.FIDELITY;
import static dev.faithdiff.restore.CommonOptions.GUARD;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;
import static dev.faithdiff.restore.CommonOptions.WRAP;

import dev.faithdiff.image.FrequencyBlend;
import dev.faithdiff.image.Image;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Two restorers, one behind the other. The {@link FirstStage} restores and enlarges the photo; the last stage restores its result. (FaithDiff's
 * authors clean a photo with BSRNet, too, but only for the network that describes it in words.)
 *
 * <p>Guard, strength and fidelity apply to both stages together. The guard judges the photo, since the first stage's result always looks hardly
 * damaged. A strength below 1 mixes the result with the enlarged photo, of which fidelity takes coarse structures first.
 *
 * @param detail the default of {@link #DETAIL}
 */
public record TwoStages(FirstStage first, Restorer last, double detail) implements Restorer {
    /** Which stages run: the first one alone, which is much faster, or both. */
    public enum Effort {
        FAST, BEST;

        @Override public String toString() { return name().toLowerCase(Locale.ROOT); }
    }

    /** A share of the first stage's result, band by band from the finest: {@link FrequencyBlend#finest}. */
    public static final Option<Double> DETAIL = Option.share("detail", 0.0,
            "For models of two stages: share of the first stage's result in the final one, fine structures first.").ofModel();
    /** Which stages run. */
    public static final Option<Effort> QUALITY =
            Option.choice("quality", Effort.BEST, "For models of two stages: fast stops after the first, best does both.");

    /** The options that two stages have besides the last one's. */
    static final List<Option<?>> OPTIONS = List.of(DETAIL, QUALITY, STRENGTH, FIDELITY, GUARD);

    public TwoStages {
        DETAIL.check(detail);
    }

    @Override public Image restore(Image photo, Options options, Listener listener, Path resume) {
        check(options);
        Options o = Guard.guarded(photo, options, true, listener);
        if (Mixture.isPhoto(o)) return enlarged(photo, o);
        FirstStage.Result initial = first.restore(photo, o, listener.wordless());
        Image restored = o.get(QUALITY) == Effort.FAST ? initial.network() : last.restore(initial.mixture(), lastStage(o), listener, resume);
        if (o.get(DETAIL) > 0) restored = FrequencyBlend.finest(restored, initial.network(), o.get(DETAIL), o.get(WRAP));
        return Mixture.of(restored, () -> enlarged(photo, o), o);
    }

    private static Image enlarged(Image photo, Options o) {
        return ResultSize.of(o, photo).resized(photo, o.get(WRAP));
    }

    @Override public List<Image> tiles(Image photo, Options options) {
        return last.tiles(first.restore(photo, options, Listener.NONE).mixture(), lastStage(options));
    }

    private Options lastStage(Options o) {
        return ResultSize.same(o).with(GUARD, Guard.OFF).with(STRENGTH, 1.0).with(FIDELITY, 0.0).only(last.options());
    }

    @Override public List<Option<?>> options() {
        Set<Option<?>> all = new LinkedHashSet<>(last.options());
        all.addAll(OPTIONS);
        return List.copyOf(all);
    }

    @Override public void check(Options o) {
        Restorer.super.check(o);
        last.check(lastStage(o));
    }

    @Override public Options defaults() { return last.defaults().with(DETAIL, detail); }

    @Override public Optional<Image> throughAutoencoder(Image photo) { return last.throughAutoencoder(photo); }

    @Override public void close() {
        first.network().close();
        last.close();
    }
}
