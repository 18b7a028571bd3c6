package dev.faithdiff.restore.forecast;

import static dev.faithdiff.restore.CommonOptions.LONG_SIDE;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SIZE;
import static dev.faithdiff.restore.CommonOptions.VAE_TILE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.TILE;

import dev.faithdiff.image.Image;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Compute.NumberType;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.tensor.CountingDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * What would fit where a restoration does not: smaller tiles, another type, a smaller result. Each is tried on the counting device, and the first of
 * each kind that fits is named.
 *
 * @param open    opens the restorer
 * @param options of the restorer
 * @param fits    whether there is room for a restoration
 */
public record Fitting(Compute on, Function<Compute, Restorer> open, Function<Restorer, Options> options, Image photo,
        Predicate<Forecast> fits) {
    private static final int[] SIDES = {512, 256, 128};
    private static final double LEAST_SCALE = 0.1;

    /** Something to change, as users write it. */
    private record Change(String flags, NumberType type, UnaryOperator<Options> options) {}

    /** Flags with which the restoration fits, with what it then takes; an empty list if none was found. */
    public List<String> found() {
        Options given;
        List<Option<?>> known;
        try (Restorer r = open.apply(on.on(CountingDevice.of(on.device()), on.precision()))) {
            given = options.apply(r);
            known = r.options();
        }
        Stream<NumberType> types = Stream.of(NumberType.values()).filter(t -> t != on.precision());
        List<String> found = new ArrayList<>();
        Stream.of(tiles(given, known), types.map(t -> new Change("--dtype " + t, t, o -> o)), sizes(given))
                .forEach(kind -> kind.map(this::fits).filter(s -> s != null).findFirst().ifPresent(found::add));
        return found;
    }

    private static Stream<Change> tiles(Options given, List<Option<?>> known) {
        List<Change> changes = new ArrayList<>();
        for (int side : SIDES) {
            UnaryOperator<Options> o = UnaryOperator.identity();
            String flags = "";
            for (Option<Integer> tile : List.of(TILE, VAE_TILE)) {
                boolean isSmaller = given.get(tile) == 0 || given.get(tile) > side;
                if (!known.contains(tile) || !isSmaller) continue;
                UnaryOperator<Options> before = o;
                o = all -> before.apply(all).with(tile, side);
                flags += (flags.isEmpty() ? "--" : " --") + tile.name() + " " + side;
            }
            if (!flags.isEmpty()) changes.add(new Change(flags, null, o));
        }
        return changes.stream();
    }

    private Stream<Change> sizes(Options given) {
        if (ResultSize.isScaled(given)) {
            return Stream.iterate(given.get(SCALE) / 2, s -> s >= LEAST_SCALE, s -> s / 2)
                    .map(s -> new Change("--scale " + SCALE.shown(s), null, o -> o.with(SCALE, s)));
        }
        ResultSize size = ResultSize.of(given, photo);
        return Stream.iterate(Math.max(size.width(), size.height()) / 2, s -> s >= 1, s -> s / 2)
                .map(s -> new Change("--long-side " + s, null, o -> o.with(SIZE, null).with(LONG_SIDE, s)));
    }

    /** The flags and what they take, or null. */
    private String fits(Change c) {
        try {
            Forecast f = Forecast.of(on.device(), d -> open.apply(on.on(d, c.type == null ? on.precision() : c.type)),
                    r -> c.options.apply(options.apply(r)), photo, null, 0);
            return fits.test(f) ? String.format(Locale.ROOT, "%s (%.1f GB)", c.flags, f.needed() / 1e9) : null;
        } catch (RuntimeException | OutOfMemoryError e) {
            return null; // another type's refusal, or images that the heap cannot hold
        }
    }
}
