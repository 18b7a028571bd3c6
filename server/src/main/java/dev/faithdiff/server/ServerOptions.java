package dev.faithdiff.server;

import dev.faithdiff.tensor.host.IoReason;
import dev.faithdiff.tensor.host.UserFolders;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/** Options of all commands that serve. */
@Command // a mixin needs an annotation of picocli's
public final class ServerOptions {
    private static final List<String> LOOPBACK = List.of("127.0.0.1", "localhost", "::1");
    private static final int TOKEN_BYTES = 16, IDLE_MILLIS = 30_000;

    @Option(names = "--port", paramLabel = "N", description = "The port; 0: a free one.")
    private int port = 7860;

    @Option(names = "--host", paramLabel = "NAME", description = "Where to listen. Anything but this machine itself needs a token, which is made "
            + "and shown if none is given.")
    private String host = "127.0.0.1";

    @Option(names = "--allow-host", paramLabel = "NAME", split = ",", showDefaultValue = Visibility.NEVER,
            description = "Names by which browsers may call this server besides localhost, for example behind a proxy.")
    private List<String> hosts = List.of();

    @Option(names = "--token-file", paramLabel = "FILE", description = "A file that holds the token; or set FAITHDIFF_TOKEN.")
    private Path tokenFile;

    @Option(names = "--state", paramLabel = "DIR", description = "Where the queue, photos and results are kept, for one server at a time (default: "
            + "faithdiff/served in the user's data folder).")
    private Path state;

    /** The folder that is kept. */
    public Path state() {
        return state != null ? state : UserFolders.data("served");
    }

    /** Begins to serve, and says where. @param bytes that a request may have. @param temporary a folder for parts of requests */
    public WebServer start(long bytes, List<WebServer.Part> parts, Path temporary, PrintWriter to) {
        String given = token();
        boolean isMade = given == null && !LOOPBACK.contains(host);
        byte[] random = new byte[TOKEN_BYTES];
        new SecureRandom().nextBytes(random);
        String token = isMade ? HexFormat.of().formatHex(random) : given;
        WebServer web = new WebServer(new WebServer.Settings(host, port, token, hosts, bytes, IDLE_MILLIS, temporary), parts);
        String shown = host.equals("0.0.0.0") || host.equals("::") ? "localhost" : host.contains(":") ? "[" + host + "]" : host;
        to.println("serving at http://" + shown + ":" + web.port() + "/" + (isMade ? "#token=" + token : ""));
        to.flush();
        return web;
    }

    private String token() {
        String text = System.getenv("FAITHDIFF_TOKEN");
        try {
            if (tokenFile != null) text = Files.readString(tokenFile);
        } catch (IOException e) {
            throw new IllegalStateException("cannot read " + tokenFile + ": " + IoReason.of(e), e);
        }
        if (text == null) return null;
        if (text.isBlank()) throw new IllegalStateException("the token is empty");
        return text.strip();
    }
}
