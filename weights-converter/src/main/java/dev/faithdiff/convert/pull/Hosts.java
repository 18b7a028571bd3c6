package dev.faithdiff.convert.pull;

import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.pull.ModelRegistry.Repository;
import dev.faithdiff.model.ModelError;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Where released files are asked for, and with which token.
 *
 * @param mirror      address that stands for every host, or null. It never gets the token
 * @param environment the variables HF_ENDPOINT and HF_TOKEN, by name
 */
public record Hosts(String mirror, UnaryOperator<String> environment) {
    static final String HUB = "huggingface.co", RELEASES = "github.com";

    /** The address of a source's file. */
    URI address(Repository source, String path) {
        return uri((mirror != null ? mirror : source.host().equals(HUB) ? endpoint() : "https://" + source.host()), source, path);
    }

    /** The address without mirrors, for the record. */
    static URI published(Repository source, String path) { return uri("https://" + source.host(), source, path); }

    private static URI uri(String base, Repository s, String path) {
        String within = switch (s.host()) {
            case HUB -> "/" + s.repository() + "/resolve/" + s.revision() + "/" + path;
            case RELEASES -> {
                boolean isCommit = s.revision().matches("[0-9a-f]{40}");
                yield "/" + s.repository() + (isCommit ? "/raw/" : "/releases/download/") + s.revision() + "/" + path;
            }
            default -> throw new ConvertError("the registry names the host " + s.host() + ", which this program does not know");
        };
        try {
            URI at = URI.create(base.replaceAll("/+$", "") + within);
            if (at.getHost() != null && List.of("http", "https").contains(at.getScheme())) return at;
        } catch (IllegalArgumentException e) {
            throw new ConvertError("'" + ModelError.clean(base) + "' is no address: " + e.getMessage());
        }
        throw new ConvertError("'" + ModelError.clean(base) + "' is no address that begins with http:// or https://");
    }

    private String endpoint() {
        String asked = environment.apply("HF_ENDPOINT");
        return asked == null || asked.isBlank() ? "https://" + HUB : asked.strip();
    }

    /** The token for an address; null for any but the hub's own, and for one that would send it unencrypted to another machine. */
    String token(URI at) {
        String token = environment.apply("HF_TOKEN");
        if (token == null || token.isBlank() || mirror != null) return null;
        boolean isSafe = at.getScheme().equals("https") || isOwn(at.getHost());
        return isSafe && sameOrigin(at, URI.create(endpoint())) ? token.strip() : null;
    }

    static boolean sameOrigin(URI a, URI b) {
        return a.getScheme().equals(b.getScheme()) && a.getHost().equalsIgnoreCase(b.getHost()) && a.getPort() == b.getPort();
    }

    private static boolean isOwn(String host) {
        try {
            return (host.equals("localhost") || host.matches("[0-9.]+|\\[.*]")) && InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }
}
