package dev.faithdiff.server.job;

import dev.faithdiff.cli.ModelChoice;
import dev.faithdiff.image.Image;
import dev.faithdiff.quality.trust.Calibration;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.batch.ResultSettings;
import dev.faithdiff.restore.diffusion.AutoPrompt;
import dev.faithdiff.restore.forecast.Fitting;
import dev.faithdiff.restore.forecast.Forecast;
import dev.faithdiff.tensor.CountingDevice;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A model that may be asked for. What it is asked before it restores, an outline of it answers, which has shapes and no values. */
public final class ServedModel {
    private static final long MILLIS_KNOWN = 300_000;
    private static final int MOST_KNOWN = 256;

    /** Whether there was room. @param why not; null: there was */
    private record Room(String why, long at) {}

    /** A restoration would not fit into memory. */
    public static final class NoRoom extends RuntimeException {
        private static final long serialVersionUID = 1;

        NoRoom(String line) { super(line); }
    }

    private final ModelChoice choice;
    private final Compute on;
    private final Map<String, Room> known = new LinkedHashMap<>();
    private Restorer outline;
    private String names, digests;

    /** @param folder or the model's name; null: the default */
    public ServedModel(Path folder, Compute on) {
        choice = ModelChoice.of(folder);
        this.on = on;
    }

    /** The folder's name. */
    public String name() { return choice.folder().getFileName().toString(); }

    /** Null if the model has none. */
    public Calibration calibration() { return choice.calibration(); }

    Restorer open() { return choice.open(on); }

    private synchronized Restorer outline() {
        if (outline == null) outline = choice.open(on.on(CountingDevice.of(on.device()), on.precision()));
        return outline;
    }

    /** As the restorer lists them. @throws RuntimeException of one line if the model cannot be opened */
    public List<Option<?>> options() { return outline().options(); }

    public Options defaults() { return outline().defaults(); }

    /** The defaults with texts by the options' names. @throws IllegalArgumentException in one line if the model lacks an option or refuses a value */
    public Options options(Map<String, String> given) {
        Options all = defaults();
        for (var e : given.entrySet()) all = with(all, e.getKey(), e.getValue());
        AutoPrompt asked = AutoPrompt.of(all);
        if (asked != null) {
            boolean isOwn = asked.captioner() == null && !asked.isOfTiles() && choice.describes();
            if (!isOwn) throw new IllegalArgumentException("this model does not find its " + asked.option() + " itself; write words");
        }
        all = AutoPrompt.without(all);
        outline().check(all);
        return all;
    }

    private Options with(Options all, String name, String text) {
        Option<?> option = options().stream().filter(o -> o.name().equals(name)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("this model has no " + name + "; leave it out"));
        return all.parsed(option, text);
    }

    /** What a result's metadata say. */
    synchronized ResultSettings settings(Options options) {
        if (names == null) {
            names = choice.names();
            digests = choice.digests();
        }
        return new ResultSettings(names, digests, options, options());
    }

    /** @throws NoRoom in one line, with what would fit, if the restoration of a photo of a size would need more memory than there is */
    public synchronized void requireRoom(Options options, int width, int height) {
        long now = System.currentTimeMillis();
        Room room = known.get(width + "x" + height + options);
        if (room == null || now - room.at > MILLIS_KNOWN) {
            room = new Room(refusal(options, Image.of(width, height, Image.blank(width, height))), now);
            if (known.size() >= MOST_KNOWN) known.remove(known.keySet().iterator().next());
            known.put(width + "x" + height + options, room);
        }
        if (room.why != null) throw new NoRoom(room.why);
    }

    private String refusal(Options options, Image photo) {
        try {
            Forecast f = Forecast.of(on.device(), d -> choice.open(on.on(d, on.precision())), r -> options, photo, null, 0);
            if (f.fits()) return null;
            List<String> found = new Fitting(on, choice::open, r -> options, photo, Forecast::fits).found();
            return String.format(Locale.ROOT, "this would need %.1f GB of the %.1f GB that this server may hold; %s",
                    f.needed() / 1e9, f.room() / 1e9, found.isEmpty() ? "nothing that was tried fits" : "what fits: " + String.join(", ", found));
        } catch (OutOfMemoryError e) {
            return "the images of this size take more than this server's heap holds";
        }
    }
}
