package dev.faithdiff.server.job;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.Encoding;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.ImageFormat;
import dev.faithdiff.image.file.Photo;
import dev.faithdiff.restore.Listener;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** How far a restoration is. Other threads look at it. */
public final class RunProgress implements Listener {
    /** Of a preview's longer side. */
    private static final int PREVIEW = 640;
    private static final int QUALITY = 80;
    /** From one preview to the next, at least: each costs a decoding, and all together shall not cost more than a fifth of the time. */
    private static final long NANOS_APART = 1_500_000_000L;
    private static final int COSTS_APART = 4;

    /**
     * A moment.
     *
     * @param share    of the whole, 0 to 1, as well as it can be known
     * @param previews so many were made
     */
    public record Moment(String stage, int step, int steps, double share, double seconds, int previews) {}

    private final Runnable changed;
    private final BooleanSupplier isWatched;
    private final List<String> warnings = new ArrayList<>();
    private final long begun = System.nanoTime();
    private String stage = "open";
    private int step, steps, previews;
    private double share;
    private long next;
    private volatile byte[] preview;

    /** @param changed runs after each change. @param isWatched whether previews are wanted */
    RunProgress(Runnable changed, BooleanSupplier isWatched) {
        this.changed = changed;
        this.isWatched = isWatched;
    }

    @Override public void at(String next, int done, int all) {
        synchronized (this) {
            stage = next;
            step = done;
            steps = all;
            share = switch (next) { case "encode" -> 0.02; case "decode" -> 0.9; case "denoise" -> 0.1 + 0.8 * done / Math.max(1, all);
                default -> Math.max(share, all == 0 ? 0 : 0.05 + 0.85 * done / all); };
        }
        changed.run();
    }

    @Override public void tile(String of, int tile, int tiles) {
        synchronized (this) {
            double part = (double) tile / tiles;
            share = switch (of) { case "encode" -> 0.02 + 0.08 * part; case "decode" -> 0.9 + 0.1 * part;
                case "denoise" -> 0.1 + 0.8 * (step + part) / Math.max(1, steps); default -> share; };
        }
        changed.run();
    }

    @Override public void preview(int done, int all, Supplier<Image> image) {
        long now = System.nanoTime();
        if (!isWatched.getAsBoolean() || done == all || next != 0 && now < next) return;
        preview = small(image.get(), PREVIEW);
        synchronized (this) {
            previews++;
        }
        long ended = System.nanoTime();
        next = ended + Math.max(NANOS_APART, COSTS_APART * (ended - now));
        changed.run();
    }

    @Override public synchronized void warn(String line) { warnings.add(line); }

    synchronized List<String> warnings() { return List.copyOf(warnings); }

    public synchronized Moment moment() {
        return new Moment(stage, step, steps, Math.min(1, share), (System.nanoTime() - begun) / 1e9, previews);
    }

    /** The last preview as JPEG; null if there is none yet. */
    public byte[] lastPreview() { return preview; }

    /** A picture as JPEG with sides of at most so many pixels. */
    public static byte[] small(Image image, int side) {
        double factor = Math.min(1, side / (double) Math.max(image.width(), image.height()));
        int w = (int) Math.max(1, Math.round(factor * image.width())), h = (int) Math.max(1, Math.round(factor * image.height()));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Image eight = image.to8Bits();
        ImageFiles.write(Photo.of(factor == 1 ? eight : Resize.resize(eight, w, h, Filter.BICUBIC)), out, new Encoding(ImageFormat.JPEG, QUALITY));
        return out.toByteArray();
    }
}
