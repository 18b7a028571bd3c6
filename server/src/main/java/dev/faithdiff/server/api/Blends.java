package dev.faithdiff.server.api;

import static dev.faithdiff.restore.CommonOptions.COLOR_FIX;
import static dev.faithdiff.restore.CommonOptions.FIDELITY;
import static dev.faithdiff.restore.CommonOptions.STRENGTH;
import static dev.faithdiff.restore.CommonOptions.WRAP;

import com.google.gson.JsonObject;
import dev.faithdiff.image.ColorFix;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.Encoding;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.ImageFormat;
import dev.faithdiff.image.file.Photo;
import dev.faithdiff.quality.trust.Calibration;
import dev.faithdiff.quality.trust.Plane;
import dev.faithdiff.quality.trust.TrustScore;
import dev.faithdiff.report.Figures;
import dev.faithdiff.report.Pictures;
import dev.faithdiff.report.ReportingListener;
import dev.faithdiff.report.Trust;
import dev.faithdiff.restore.Mixture;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.batch.ResultSettings;
import dev.faithdiff.server.Refusal;
import dev.faithdiff.server.WebServer;
import dev.faithdiff.server.job.RunProgress;
import dev.faithdiff.server.job.Restoration;
import dev.faithdiff.server.job.RestorationStore;
import dev.faithdiff.server.job.Restorations;
import dev.faithdiff.server.job.ServedModel;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/** Pictures that are made of a finished restoration without restoring again: mixtures with the photo, other colours, other formats, maps. */
final class Blends {
    /** Of images that stay decoded, and how many restorations. */
    private static final long MOST_PIXELS = 24L << 20;
    private static final int MOST_OPEN = 3, AT_ONCE = 2;

    /** What is done to a result. @param color null: nothing */
    record Blend(double strength, double fidelity, ColorFix color) {
        static final Blend NONE = new Blend(1, 0, null);

        /** @throws IllegalArgumentException in one line if a text is no value of its option. Null texts are the initial values */
        static Blend of(String strength, String fidelity, String color) {
            return new Blend(strength == null ? 1 : STRENGTH.parse(strength), fidelity == null ? 0 : FIDELITY.parse(fidelity),
                    color == null || color.isEmpty() ? null : COLOR_FIX.parse(color));
        }
    }

    /** @param enlarged the photo at the result's size */
    private record Opened(String id, Options options, Photo photo, Image enlarged, Image result) {
        long pixels() { return 2L * result.width() * result.height(); }
    }

    private final Restorations all;
    private final Semaphore atOnce = new Semaphore(AT_ONCE, true);
    private final LinkedHashMap<String, Opened> opened = new LinkedHashMap<>(8, 0.75f, true);

    Blends(Restorations all) { this.all = all; }

    /** Work that holds images; only so much of it goes on at once. */
    <T> T bounded(Supplier<T> work) {
        atOnce.acquireUninterruptibly();
        try {
            return work.get();
        } finally {
            atOnce.release();
        }
    }

    private Opened open(Restoration r) {
        synchronized (opened) {
            if (opened.get(r.id()) instanceof Opened o) return o;
        }
        ServedModel model = all.models().get(r.order().model());
        if (model == null) throw new Refusal(409, "the model " + r.order().model() + " is no longer served");
        Options options = model.options(r.order().options());
        Photo photo = all.photo(r);
        Image visible = photo.visible(), result = ImageFiles.readPhoto(all.store().file(r.id(), RestorationStore.RESULT)).image();
        Image enlarged = ResultSize.of(options, visible).resized(visible, options.get(WRAP));
        Opened o = new Opened(r.id(), options, photo, enlarged, result);
        synchronized (opened) {
            opened.put(r.id(), o);
            while (opened.size() > 1 && (opened.size() > MOST_OPEN || opened.values().stream().mapToLong(Opened::pixels).sum() > MOST_PIXELS)) {
                opened.remove(opened.keySet().iterator().next());
            }
        }
        return o;
    }

    /** Forgets a restoration that was deleted. */
    void forget(String id) {
        synchronized (opened) {
            opened.remove(id);
        }
    }

    private static Image blended(Opened o, Blend b) {
        Image coloured = b.color == null ? o.result : b.color.apply(o.result, o.enlarged, o.options.get(WRAP));
        Options mix = Options.defaults().with(STRENGTH, b.strength).with(FIDELITY, b.fidelity).with(WRAP, o.options.get(WRAP));
        return Mixture.of(coloured, () -> o.enlarged, mix);
    }

    /** A file of the result: without a blend, that which the command line would write. @param side most pixels of a side; 0: all */
    byte[] file(Restoration r, Blend b, Encoding encoding, int side) {
        return bounded(() -> {
            Opened o = open(r);
            Map<String, Object> settings = new LinkedHashMap<>(r.result().settings());
            if (!b.equals(Blend.NONE)) {
                Map<String, Object> blend = new LinkedHashMap<>();
                blend.put(STRENGTH.name(), STRENGTH.shown(b.strength));
                blend.put(FIDELITY.name(), FIDELITY.shown(b.fidelity));
                if (b.color != null) blend.put(COLOR_FIX.name(), b.color.toString());
                settings.put("blend", blend);
            }
            if (side > 0) return RunProgress.small(blended(o, b), side);
            Photo out = o.photo.restored(blended(o, b));
            out = out.with(r.order().metadata() ? o.photo.metadata().withSettings(ResultSettings.json(settings)) : o.photo.metadata().profileOnly());
            return encoded(out, encoding);
        });
    }

    /** The photo at the result's size, in 8 bits. */
    byte[] before(Restoration r) {
        return bounded(() -> {
            Opened o = open(r);
            return encoded(o.photo.restored(o.enlarged.to8Bits()).with(o.photo.metadata().profileOnly()), new Encoding(ImageFormat.PNG));
        });
    }

    /** The names of maps that a restoration has, with the value that is white; of {@code score} the trust mask follows. */
    private static Map<String, Double> maps(Restoration r, Calibration c) {
        Map<String, Double> maps = new LinkedHashMap<>();
        maps.put("change", ReportingListener.MOST_CHANGE);
        boolean isLarger = r.result().width() >= r.order().width() && r.result().height() >= r.order().height();
        if (isLarger) maps.put("unexplained", ReportingListener.MOST_UNEXPLAINED);
        if (Trust.isFor(c, 0)) maps.put("score", 1.0);
        return maps;
    }

    /** A map in grey. @throws Refusal 404 if there is none of that name */
    byte[] map(Restoration r, String name) {
        return bounded(() -> {
            Calibration c = all.models().containsKey(r.order().model()) ? all.models().get(r.order().model()).calibration() : null;
            Double most = maps(r, c).get(name);
            if (most == null) throw new Refusal(404, "there is no map " + name);
            Opened o = open(r);
            Image visible = o.photo.visible();
            Image map = switch (name) {
                case "score" -> Pictures.grey(TrustScore.of(o.result, o.enlarged, null), o.result.width(), o.result.height());
                case "unexplained" -> Pictures.shown(TrustScore.unexplained(o.result, visible), most);
                default -> Pictures.shown(Plane.difference(o.result, o.enlarged), most);
            };
            return encoded(Photo.of(map), new Encoding(ImageFormat.PNG));
        });
    }

    /** Where a result may be wrong: figures, maps, and what the trust mask needs. */
    JsonObject report(Restoration r) {
        return bounded(() -> {
            Opened o = open(r);
            Calibration c = all.models().get(r.order().model()).calibration();
            Map<String, Double> figures = Figures.of(o.photo.visible(), o.enlarged, o.result);
            figures.put("change", Plane.difference(o.result, o.enlarged).mean());
            JsonObject json = new JsonObject();
            json.add("figures", WebServer.GSON.toJsonTree(figures));
            json.add("maps", WebServer.GSON.toJsonTree(maps(r, c)));
            if (Trust.isFor(c, 0)) json.add("trust", Trust.json(c));
            List<String> sentences = new ArrayList<>(Trust.sentences(c, r.result().settings(), 0, o.result));
            json.add("sentences", WebServer.GSON.toJsonTree(sentences));
            return json;
        });
    }

    private static byte[] encoded(Photo photo, Encoding encoding) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageFiles.write(photo, out, encoding);
        return out.toByteArray();
    }
}
