package dev.faithdiff;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A headless Chromium with one page, driven by its devtools' protocol: a JSON message each way over a web socket. */
public final class Chromium implements AutoCloseable {
    private static final List<String> NAMES = List.of("chromium", "chromium-browser", "google-chrome");

    private final Process process;
    private final WebSocket socket;
    private final BlockingQueue<JsonObject> messages = new LinkedBlockingQueue<>();
    private final String session;
    private int last;

    /** Where Chromium is; null if it is not here. */
    public static Path found() {
        return Stream.of(System.getenv("PATH").split(":")).flatMap(folder -> NAMES.stream().map(name -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst().orElse(null);
    }

    /** @param profile a folder that is not there yet */
    public Chromium(Path profile) throws Exception {
        process = new ProcessBuilder(found().toString(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--user-data-dir=" + profile,
                "--remote-debugging-port=0", "about:blank").redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        socket = HttpClient.newHttpClient().newWebSocketBuilder().buildAsync(address(process.errorReader()), new Received())
                .get(20, TimeUnit.SECONDS);
        String target = ask(null, "Target.createTarget", Map.of("url", "about:blank")).get("targetId").getAsString();
        session = ask(null, "Target.attachToTarget", Map.of("targetId", target, "flatten", true)).get("sessionId").getAsString();
        ask("Page.enable", Map.of());
    }

    private static URI address(BufferedReader err) throws IOException {
        for (String line; (line = err.readLine()) != null; ) {
            if (line.startsWith("DevTools listening on ")) {
                Thread.startVirtualThread(() -> err.lines().forEach(rest -> {}));
                return URI.create(line.substring(line.indexOf("ws://")));
            }
        }
        throw new IOException("Chromium did not start");
    }

    private final class Received implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean isLast) {
            text.append(part);
            if (isLast) {
                messages.add(JsonParser.parseString(text.toString()).getAsJsonObject());
                text.setLength(0);
            }
            from.request(1);
            return null;
        }
    }

    /** Asks the page for something. */
    public JsonObject ask(String method, Map<String, ?> with) throws Exception { return ask(session, method, with); }

    private JsonObject ask(String to, String method, Map<String, ?> with) throws Exception {
        JsonObject message = new JsonObject();
        message.addProperty("id", ++last);
        message.addProperty("method", method);
        message.add("params", new Gson().toJsonTree(with));
        if (to != null) message.addProperty("sessionId", to);
        socket.sendText(message.toString(), true).get(20, TimeUnit.SECONDS);
        while (true) {
            JsonObject answer = messages.poll(20, TimeUnit.SECONDS);
            if (answer == null) throw new IOException("no answer to " + method);
            if (!answer.has("id") || answer.get("id").getAsInt() != last) continue;
            if (answer.has("error")) throw new IOException(method + ": " + answer.get("error"));
            return answer.getAsJsonObject("result");
        }
    }

    /** The value of an expression in the page; waits for a promise. */
    public JsonElement value(String expression) throws Exception {
        JsonObject result = ask("Runtime.evaluate", Map.of("expression", expression, "returnByValue", true, "awaitPromise", true));
        if (result.has("exceptionDetails")) throw new IOException(result.get("exceptionDetails").toString());
        return result.getAsJsonObject("result").get("value");
    }

    /** Opens a page, and waits until its script says that it is ready. */
    public void open(Path page) throws Exception {
        open(page.toUri().toString());
    }

    /** As {@link #open(Path)}, a page of a server. */
    public void open(String page) throws Exception {
        ask("Page.navigate", Map.of("url", page));
        await("document.documentElement?.dataset.ready === 'true'");
    }

    /** Waits until something holds. */
    public void await(String expression) throws Exception {
        for (int i = 0; i < 200; i++) {
            if (value(expression).getAsBoolean()) return;
            Thread.sleep(50);
        }
        throw new IOException("it never became true that " + expression);
    }

    /** @param isDark the colour scheme that the user prefers */
    public void screen(int width, int height, boolean isDark) throws Exception {
        ask("Emulation.setDeviceMetricsOverride", Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
        ask("Emulation.setEmulatedMedia", Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", isDark ? "dark" : "light"))));
    }

    /** A picture of the window, or of the whole page. */
    public byte[] picture(boolean isWhole) throws Exception {
        return Base64.getDecoder().decode(ask("Page.captureScreenshot", Map.of("captureBeyondViewport", isWhole)).get("data").getAsString());
    }

    public void mouse(String type, double x, double y) throws Exception {
        ask("Input.dispatchMouseEvent", Map.of("type", type, "x", x, "y", y, "button", "left", "buttons", type.equals("mouseReleased") ? 0 : 1,
                "clickCount", 1));
    }

    public void drag(double fromX, double fromY, double toX, double toY) throws Exception {
        mouse("mousePressed", fromX, fromY);
        mouse("mouseMoved", (fromX + toX) / 2, (fromY + toY) / 2);
        mouse("mouseMoved", toX, toY);
        mouse("mouseReleased", toX, toY);
    }

    public void wheel(double x, double y, double down) throws Exception {
        ask("Input.dispatchMouseEvent", Map.of("type", "mouseWheel", "x", x, "y", y, "deltaX", 0, "deltaY", down));
    }

    /** @param points x and y of each finger; none: they are lifted */
    public void touch(String type, double[]... points) throws Exception {
        List<Map<String, Object>> fingers = Stream.of(points).map(p -> Map.<String, Object>of("x", p[0], "y", p[1], "id", p[2])).toList();
        ask("Input.dispatchTouchEvent", Map.of("type", type, "touchPoints", fingers));
    }

    /** @param shift whether it is held */
    public void key(String key, boolean shift) throws Exception {
        for (String type : new String[] {"keyDown", "keyUp"}) {
            ask("Input.dispatchKeyEvent", Map.of("type", type, "key", key, "modifiers", shift ? 8 : 0));
        }
    }

    /** Puts files into a field of the page. @param selector of the field */
    public void choose(String selector, Path... files) throws Exception {
        int root = ask("DOM.getDocument", Map.of()).getAsJsonObject("root").get("nodeId").getAsInt();
        int node = ask("DOM.querySelector", Map.of("nodeId", root, "selector", selector)).get("nodeId").getAsInt();
        ask("DOM.setFileInputFiles", Map.of("nodeId", node, "files", Stream.of(files).map(Path::toString).toList()));
    }

    @Override public void close() {
        try {
            ask(null, "Browser.close", Map.of());
        } catch (Exception e) {
            process.destroy();
        }
        process.onExit().completeOnTimeout(process, 10, TimeUnit.SECONDS).join().destroyForcibly();
        socket.abort();
    }
}
