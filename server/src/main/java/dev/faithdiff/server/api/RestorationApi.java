package dev.faithdiff.server.api;

import com.google.gson.JsonObject;
import dev.faithdiff.cli.Main;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.Encoding;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.ImageFormat;
import dev.faithdiff.image.file.Photo;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.server.Refusal;
import dev.faithdiff.server.WebServer;
import dev.faithdiff.server.api.Blends.Blend;
import dev.faithdiff.server.job.RunProgress;
import dev.faithdiff.server.job.Restoration;
import dev.faithdiff.server.job.Restoration.Order;
import dev.faithdiff.server.job.Restoration.State;
import dev.faithdiff.server.job.RestorationStore;
import dev.faithdiff.server.job.Restorations;
import dev.faithdiff.server.job.ServedModel;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** The HTTP API of restorations, as {@code openapi.json} has it. */
public final class RestorationApi implements WebServer.Part {
    private static final String ONE = "/v1/restorations/{id}", BEGUN = "begun";
    private static final int MOST_LISTED = 500, USUAL_LISTED = 100;
    private static final Encoding PNG = new Encoding(ImageFormat.PNG);

    /** What a request may ask for. @param bytes of a photo's request. @param pixels of a photo, and of a result */
    public record Allowed(long bytes, long pixels) {}

    private final Restorations all;
    private final Allowed limits;
    private final ServerMetrics metrics;
    private final Blends blends;
    private final EventStream events;

    public RestorationApi(Restorations all, Allowed limits, ServerMetrics metrics) {
        this.all = all;
        this.limits = limits;
        this.metrics = metrics;
        blends = new Blends(all);
        events = new EventStream(all);
        metrics.gauge("faithdiff.queue.length", "Photos that wait", () -> all.waiting().size());
        metrics.gauge("faithdiff.event.streams", "Clients that hear events", events::count);
    }

    @Override public String unhealthy() { return all.isStopping() ? "stopping" : all.isWorking() ? null : "the worker has ended"; }

    @Override public void addTo(RoutesConfig routes) {
        routes.before(ctx -> ctx.attribute(BEGUN, System.nanoTime()));
        routes.after(this::measure);
        routes.post("/v1/restorations", this::add);
        routes.get("/v1/restorations", this::list);
        routes.get(ONE, ctx -> WebServer.json(ctx, Facts.of(one(ctx), all)));
        routes.delete(ONE, this::cancel);
        routes.get(ONE + "/events", ctx -> events.serve(ctx, one(ctx).id()));
        routes.get(ONE + "/result", this::result);
        routes.get(ONE + "/before", ctx -> picture(ctx, "image/png", blends.before(done(ctx))));
        routes.get(ONE + "/maps/{map}", ctx -> picture(ctx, "image/png", blends.map(done(ctx), ctx.pathParam("map"))));
        routes.get(ONE + "/report", ctx -> WebServer.json(ctx, blends.report(done(ctx))));
        routes.get(ONE + "/small", ctx -> picture(ctx, "image/jpeg", Files.readAllBytes(all.store().file(one(ctx).id(), RestorationStore.SMALL))));
        routes.get(ONE + "/preview", this::preview);
        routes.get("/v1/events", ctx -> events.serve(ctx, null));
        routes.get("/v1/results.zip", this::zip);
        routes.get("/v1/models", ctx -> WebServer.json(ctx, Map.of("models", models())));
        routes.get("/v1/options", this::options);
        routes.get("/metrics", ctx -> ctx.contentType(ServerMetrics.TYPE).result(metrics.text()));
        routes.get("/openapi.json", ctx -> WebServer.json(ctx, OpenApi.document(all.models().values().iterator().next().options())));
    }

    private void measure(Context ctx) {
        Long begun = ctx.attribute(BEGUN);
        String path = ctx.endpoints().matchedHttpEndpoint() == null ? "none" : ctx.endpoints().matchedHttpEndpoint().path;
        if (begun != null) metrics.request(ctx.method().toString(), path, ctx.statusCode(), System.nanoTime() - begun);
    }

    private void add(Context ctx) throws IOException {
        if (all.isStopping()) throw new Refusal(503, "the server is stopping", 30);
        if (all.isFull()) throw new Refusal(429, "the queue is full", all.secondsToWait());
        Upload sent = Upload.of(ctx, limits.bytes);
        String name = sent.model() == null || sent.model().isEmpty() ? all.models().keySet().iterator().next() : sent.model();
        ServedModel model = all.models().get(name);
        if (model == null) throw new Refusal(422, "there is no model " + name + " here, only " + String.join(", ", all.models().keySet()));
        options(model);
        Image photo = blends.bounded(() -> read(sent).visible());
        try {
            Options options = model.options(sent.options());
            ResultSize size = ResultSize.of(options, photo);
            if ((long) size.width() * size.height() > limits.pixels) {
                throw new Refusal(422, "the result would be " + size.width() + "x" + size.height() + ", more than the " + (limits.pixels >> 20)
                        + " megapixels that this server makes; use a smaller scale");
            }
            model.requireRoom(options, photo.width(), photo.height());
        } catch (IllegalArgumentException | ServedModel.NoRoom e) {
            throw new Refusal(422, e.getMessage());
        }
        Order order = new Order(client(ctx), sent.name(), name, sent.options(), sent.metadata(), photo.width(), photo.height());
        try {
            Restoration r = all.add(order, sent.photo(), photo);
            ctx.status(202).header("Location", "/v1/restorations/" + r.id());
            WebServer.json(ctx, Facts.of(r, all));
        } catch (RuntimeException e) {
            if (all.isStopping()) throw new Refusal(503, "the server is stopping", 30);
            if (!Restorations.isFull(e)) throw e;
            throw new Refusal(429, e.getMessage(), all.secondsToWait());
        }
    }

    private Photo read(Upload sent) {
        try {
            return ImageFiles.readPhoto(sent.photo(), sent.name(), false, limits.pixels);
        } catch (ImageError.TooLarge e) {
            throw new Refusal(413, e.getMessage());
        } catch (ImageError e) {
            throw new Refusal(422, e.getMessage());
        }
    }

    /** Who asks, for turns: an address, and a name that a client may give itself. */
    private static String client(Context ctx) {
        String own = ctx.header("X-FaithDiff-Client");
        return ctx.ip() + (own != null && own.matches("[\\w-]{1,40}") ? "/" + own : "");
    }

    private void list(Context ctx) {
        int most = (int) number(ctx, "limit", USUAL_LISTED, 1, MOST_LISTED);
        long before = number(ctx, "before", Long.MAX_VALUE, 0, Long.MAX_VALUE);
        List<JsonObject> found = all.store().list(most, before).stream().map(r -> Facts.of(r, all)).toList();
        WebServer.json(ctx, Map.of("restorations", found));
    }

    private static long number(Context ctx, String name, long usual, long least, long most) {
        String text = ctx.queryParam(name);
        if (text == null) return usual;
        try {
            long value = Long.parseLong(text);
            if (value >= least && value <= most) return value;
        } catch (NumberFormatException e) {
            throw new Refusal(400, name + " must be a whole number");
        }
        throw new Refusal(400, name + " must be " + least + ".." + most);
    }

    private Restoration one(Context ctx) {
        String id = ctx.pathParam("id");
        Restoration r = id.matches("[0-9a-f]{24}") ? all.store().get(id) : null;
        if (r == null) throw new Refusal(404, "there is no such restoration");
        return r;
    }

    private Restoration done(Context ctx) {
        Restoration r = one(ctx);
        if (r.state() == State.DONE) return r;
        throw new Refusal(r.state().isEnded() ? 404 : 409, "there is no result" + (r.state().isEnded() ? ": " + r.error() : " yet"));
    }

    private void cancel(Context ctx) {
        Restoration r = all.cancel(one(ctx).id());
        blends.forget(ctx.pathParam("id"));
        ctx.status(r == null ? 204 : 202);
        if (r != null) WebServer.json(ctx, Facts.of(r, all));
    }

    private void result(Context ctx) throws IOException {
        Restoration r = done(ctx);
        try {
            Blend blend = Blend.of(ctx.queryParam("strength"), ctx.queryParam("fidelity"), ctx.queryParam("color-fix"));
            int side = (int) number(ctx, "side", 0, 0, 1024);
            Encoding encoding = side > 0 ? new Encoding(ImageFormat.JPEG) : encoding(ctx);
            boolean isKept = side == 0 && blend.equals(Blend.NONE) && encoding.equals(PNG);
            byte[] file = isKept ? kept(r) : blends.file(r, blend, encoding, side);
            if (ctx.queryParam("download") != null) ctx.header("Content-Disposition", "attachment; filename*=UTF-8''" + encoded(name(r, encoding)));
            picture(ctx, type(encoding), file);
        } catch (IllegalArgumentException | ImageError e) {
            throw new Refusal(422, e.getMessage());
        }
    }

    private byte[] kept(Restoration r) throws IOException { return Files.readAllBytes(all.store().file(r.id(), RestorationStore.RESULT)); }

    private static Encoding encoding(Context ctx) {
        String name = ctx.queryParam("format");
        ImageFormat format = name == null ? ImageFormat.PNG : ImageFormat.named(name);
        if (format == null || !format.written()) throw new Refusal(422, "format must be png, jpg, webp or tif, not " + name);
        return new Encoding(format, (int) number(ctx, "jpeg-quality", Encoding.INITIAL_JPEG_QUALITY, 1, 100));
    }

    private static String type(Encoding e) {
        return switch (e.format()) { case JPEG -> "image/jpeg"; case WEBP -> "image/webp"; case TIFF -> "image/tiff"; default -> "image/png"; };
    }

    private static String name(Restoration r, Encoding e) { return ImageFiles.stem(r.order().name()) + "-restored." + e.format().extension(); }

    private static String encoded(String name) { return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20"); }

    /** What belongs to an id never changes. */
    private static void picture(Context ctx, String type, byte[] file) {
        ctx.header("Cache-Control", "private, max-age=86400, immutable").contentType(type).result(file);
    }

    private void preview(Context ctx) {
        RunProgress p = all.progress(one(ctx).id());
        byte[] last = p == null ? null : p.lastPreview();
        if (last == null) throw new Refusal(404, "there is no preview");
        ctx.contentType("image/jpeg").result(last);
    }

    /** Results of many as one file, each with a name of its own. */
    private void zip(Context ctx) throws IOException {
        String asked = ctx.queryParam("ids");
        Encoding encoding = encoding(ctx);
        List<Restoration> wanted = new ArrayList<>();
        for (String id : asked == null ? new String[0] : asked.split(",")) {
            Restoration r = id.matches("[0-9a-f]{24}") ? all.store().get(id) : null;
            if (r == null || r.state() != State.DONE) throw new Refusal(404, "there is no result " + id.replaceAll("[^0-9a-f]", "?"));
            wanted.add(r);
        }
        if (wanted.isEmpty() || wanted.size() > MOST_LISTED) throw new Refusal(400, "ids must name 1.." + MOST_LISTED + " restorations");
        ctx.contentType("application/zip").header("Content-Disposition", "attachment; filename=\"restored.zip\"");
        Set<String> names = new HashSet<>();
        ZipOutputStream out = new ZipOutputStream(ctx.res().getOutputStream());
        out.setLevel(Deflater.NO_COMPRESSION);
        for (Restoration r : wanted) {
            String name = name(r, encoding), own = name;
            for (int k = 2; !names.add(own); k++) own = ImageFiles.stem(name) + "-" + k + "." + encoding.format().extension();
            out.putNextEntry(new ZipEntry(own));
            out.write(encoding.equals(PNG) ? kept(r) : blends.file(r, Blend.NONE, encoding, 0));
            out.closeEntry();
        }
        out.finish();
    }

    private List<Map<String, Object>> models() {
        List<Map<String, Object>> found = new ArrayList<>();
        all.models().forEach((name, model) -> {
            Map<String, Object> m = new LinkedHashMap<>();
            m.put("name", name);
            m.put("default", found.isEmpty());
            found.add(m);
        });
        return found;
    }

    private void options(Context ctx) {
        String name = ctx.queryParam("model");
        ServedModel model = name == null ? all.models().values().iterator().next() : all.models().get(name);
        if (model == null) throw new Refusal(404, "there is no model " + name.replaceAll("[^\\w.-]", "?"));
        options(model);
        WebServer.json(ctx, Map.of("model", model.name(), "options", OptionForm.of(model)));
    }

    /** @throws Refusal 500 that says why the model cannot be opened */
    private static List<Option<?>> options(ServedModel model) {
        try {
            return model.options();
        } catch (RuntimeException e) {
            throw new Refusal(500, "the model cannot be opened: " + Main.reason(e));
        }
    }
}
