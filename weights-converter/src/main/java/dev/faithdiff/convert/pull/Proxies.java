package dev.faithdiff.convert.pull;

import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.model.ModelError;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;

/** The proxies that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY name, in capitals or small letters, as other programs read them. */
final class Proxies extends ProxySelector {
    private static final int USUAL_PORT = 80;

    private final UnaryOperator<String> environment;

    Proxies(UnaryOperator<String> environment) { this.environment = environment; }

    @Override public List<Proxy> select(URI to) {
        URI proxy = proxy(to);
        return List.of(proxy == null ? Proxy.NO_PROXY : new Proxy(Proxy.Type.HTTP, address(proxy)));
    }

    private static InetSocketAddress address(URI proxy) {
        return InetSocketAddress.createUnresolved(proxy.getHost(), proxy.getPort() < 0 ? USUAL_PORT : proxy.getPort());
    }

    /** @throws ConvertError if the variable is no address of a proxy that this program can use */
    private URI proxy(URI to) {
        String asked = variable(to.getScheme() + "_proxy");
        if (asked == null) asked = variable("all_proxy");
        if (asked == null || isExcepted(to)) return null;
        try {
            URI proxy = URI.create(asked.contains("://") ? asked : "http://" + asked);
            if (proxy.getHost() != null && proxy.getScheme().equals("http")) return proxy;
        } catch (IllegalArgumentException e) {
            throw new ConvertError("the proxy variables hold '" + ModelError.clean(asked) + "', which is no address");
        }
        throw new ConvertError("the proxy variables hold '" + ModelError.clean(asked)
                + "', but only proxies of the form http://HOST:PORT can be used");
    }

    private boolean isExcepted(URI to) {
        String none = variable("no_proxy"), host = to.getHost().toLowerCase(Locale.ROOT);
        if (none == null) return false;
        for (String part : none.toLowerCase(Locale.ROOT).split("[,\\s]+")) {
            String domain = part.replaceFirst("^\\*?\\.", "");
            boolean isIn = host.equals(domain) || host.endsWith("." + domain) || (host + ":" + to.getPort()).equals(domain);
            if (part.equals("*") || isIn && !domain.isEmpty()) return true;
        }
        return false;
    }

    private String variable(String name) {
        for (String n : new String[] {name, name.toUpperCase(Locale.ROOT)}) {
            String value = environment.apply(n);
            if (value != null && !value.isBlank()) return value.strip();
        }
        return null;
    }

    /** The header Proxy-Authorization for the proxy of an address; null if it needs none. */
    String authorization(URI to) {
        URI proxy = proxy(to);
        if (proxy == null || proxy.getUserInfo() == null) return null;
        return "Basic " + Base64.getEncoder().encodeToString(proxy.getUserInfo().getBytes(StandardCharsets.UTF_8));
    }

    @Override public void connectFailed(URI to, SocketAddress proxy, IOException e) { }
}
