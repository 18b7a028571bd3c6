package dev.faithdiff.server.api;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.server.Refusal;
import dev.faithdiff.server.WebServer;
import io.javalin.http.Context;
import io.javalin.http.UploadedFile;
import java.io.IOException;
import java.io.InputStream;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;

/**
 * A photo that was sent, with what is said about it: as a form of several parts, or as JSON with the photo in base64.
 *
 * @param name     of its file, without a folder
 * @param model    null: the default
 * @param metadata whether the result keeps the photo's
 * @param options  texts by the options' names
 */
record Upload(byte[] photo, String name, String model, boolean metadata, Map<String, String> options) {
    private static final String PHOTO = "photo", NAME = "name", MODEL = "model", METADATA = "metadata", OPTIONS = "options";
    private static final Set<String> FIELDS = Set.of(PHOTO, NAME, MODEL, METADATA);
    private static final int LONGEST_NAME = 120, KILO = 1024, AT_ONCE = 512 * KILO;
    /** Kilobytes of requests that are in memory. */
    private static final Semaphore ROOM = new Semaphore(AT_ONCE);

    /** Reads a request, if its size is told and allowed. @throws Refusal 400, 411, 413, 415 or 503 */
    static Upload of(Context ctx, long mostBytes) throws IOException {
        long length = ctx.req().getContentLengthLong();
        if (length < 0) throw new Refusal(411, "the request must say its Content-Length");
        if (length > mostBytes) throw new Refusal(413, "the request has " + length + " bytes, more than the " + mostBytes + " that are taken");
        String type = String.valueOf(ctx.contentType());
        boolean isForm = type.startsWith("multipart/form-data");
        if (!isForm && !type.startsWith("application/json")) throw new Refusal(415, "a photo comes as multipart/form-data or application/json");
        int kilos = (int) Math.min(AT_ONCE, 1 + length / KILO);
        if (!ROOM.tryAcquire(kilos)) throw new Refusal(503, "too many photos are being sent; try again", 2);
        try {
            return isForm ? ofForm(ctx) : ofJson(WebServer.body(ctx));
        } finally {
            ROOM.release(kilos);
        }
    }

    private static Upload ofForm(Context ctx) throws IOException {
        UploadedFile file = ctx.uploadedFile(PHOTO);
        if (file == null) throw new Refusal(400, "the form has no part 'photo' with a file");
        byte[] photo;
        try (InputStream in = file.content()) {
            photo = in.readAllBytes();
        }
        Map<String, String> options = new LinkedHashMap<>();
        for (Map.Entry<String, List<String>> field : ctx.formParamMap().entrySet()) {
            if (!FIELDS.contains(field.getKey())) options.put(field.getKey(), field.getValue().getLast());
        }
        return new Upload(photo, plain(file.filename()), ctx.formParam(MODEL), flag(ctx.formParam(METADATA)), options);
    }

    private static Upload ofJson(JsonObject json) {
        try {
            for (String key : json.keySet()) {
                if (!FIELDS.contains(key) && !key.equals(OPTIONS)) throw new Refusal(400, "the body has an unknown member: " + key);
            }
            if (!json.has(PHOTO)) throw new Refusal(400, "the body has no 'photo'");
            Map<String, String> options = new LinkedHashMap<>();
            if (json.has(OPTIONS)) json.getAsJsonObject(OPTIONS).asMap().forEach((name, value) -> options.put(name, value.getAsString()));
            byte[] photo = Base64.getDecoder().decode(json.get(PHOTO).getAsString());
            return new Upload(photo, plain(text(json, NAME)), text(json, MODEL), flag(text(json, METADATA)), options);
        } catch (IllegalArgumentException | IllegalStateException | ClassCastException | UnsupportedOperationException e) {
            throw new Refusal(400, "the body is not as the API says: photo in base64, name, model, metadata, options");
        }
    }

    private static String text(JsonObject json, String name) {
        JsonElement value = json.get(name);
        return value == null || value.isJsonNull() ? null : value.getAsString();
    }

    private static boolean flag(String text) { return text == null || text.equals("true"); }

    /** A file's name without folders and without what may not be in one. */
    private static String plain(String given) {
        String name = given == null ? "" : given.substring(Math.max(given.lastIndexOf('/'), given.lastIndexOf('\\')) + 1);
        name = name.replaceAll("[\\p{Cntrl}<>:\"|?*]", "_").strip();
        if (name.length() > LONGEST_NAME) name = name.substring(name.length() - LONGEST_NAME);
        return name.isEmpty() || name.matches("\\.+") ? "photo" : name;
    }
}
