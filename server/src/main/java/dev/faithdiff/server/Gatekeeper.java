package dev.faithdiff.server;

import io.javalin.http.Context;
import io.javalin.http.Cookie;
import io.javalin.http.SameSite;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Who may ask. Programs show the token in a header; pages trade it for a cookie that no script reads and no other site sends. Without a token only
 * names of this machine are answered to, so that no other site's name can be turned to it (DNS rebinding). What a browser sends for another site's
 * page is refused in any case.
 */
final class Gatekeeper {
    static final String HEALTH = "/healthz", SESSION = "/v1/session";
    private static final String COOKIE = "faithdiff-token", BEARER = "Bearer ";
    private static final Set<String> LOCAL = Set.of("localhost", "127.0.0.1", "[::1]");
    private static final int COOKIE_SECONDS = 30 * 24 * 3600;

    private final byte[] token;
    private final Set<String> hosts;
    private final Set<String> open = new HashSet<>(Set.of(HEALTH, SESSION));

    /**
     * @param token null: none is needed
     * @param hosts names that a Host header may have; empty: any, if there is a token, else those of this machine
     */
    Gatekeeper(String token, List<String> hosts) {
        this.token = token == null ? null : token.getBytes(StandardCharsets.UTF_8);
        this.hosts = new HashSet<>(hosts);
        if (token == null || !hosts.isEmpty()) this.hosts.addAll(LOCAL);
    }

    /** Lets everybody see a path, that of a page without anybody's data. */
    void open(String path) { open.add(path); }

    /** @throws Refusal 400, 401 or 403 */
    void check(Context ctx) {
        if (ctx.path().equals(HEALTH)) return;
        String host = ctx.header("Host");
        if (host == null) throw new Refusal(400, "the request names no host");
        if (!hosts.isEmpty() && !hosts.contains(withoutPort(host))) {
            throw new Refusal(403, "this server is not called " + withoutPort(host) + "; --allow-host allows that name");
        }
        String origin = ctx.header("Origin"), site = ctx.header("Sec-Fetch-Site");
        boolean isOther = origin != null && !origin.substring(origin.indexOf("//") + 2).equalsIgnoreCase(host);
        if (site != null && !site.equals("same-origin") && !site.equals("none")) isOther = true;
        boolean isVisit = ctx.path().equals("/") && origin == null && "navigate".equals(ctx.header("Sec-Fetch-Mode"));
        if (isOther && !isVisit) throw new Refusal(403, "requests of other sites are refused");
        if (token != null && !open.contains(ctx.path()) && !isShown(ctx)) {
            ctx.header("WWW-Authenticate", "Bearer realm=\"faithdiff\"");
            throw new Refusal(401, "this server wants its token: Authorization: Bearer TOKEN");
        }
    }

    /** Whether the request may see what the token opens. */
    boolean isShown(Context ctx) {
        if (token == null) return true;
        String header = ctx.header("Authorization"), cookie = ctx.cookie(COOKIE);
        return header != null && header.startsWith(BEARER) && isToken(header.substring(BEARER.length()).strip()) || cookie != null && isToken(cookie);
    }

    private boolean isToken(String text) { return MessageDigest.isEqual(token, text.getBytes(StandardCharsets.UTF_8)); }

    /** Trades the token for a cookie. @throws Refusal 401 */
    void enter(Context ctx, String shown) {
        if (token == null) return;
        if (!isToken(shown)) throw new Refusal(401, "that is not the token");
        ctx.cookie(new Cookie(COOKIE, shown, "/", COOKIE_SECONDS, ctx.scheme().equals("https"), true, null, SameSite.STRICT));
    }

    private static String withoutPort(String host) {
        String lower = host.toLowerCase(Locale.ROOT);
        if (lower.startsWith("[")) return lower.substring(0, lower.indexOf(']') + 1);
        return lower.contains(":") ? lower.substring(0, lower.lastIndexOf(':')) : lower;
    }
}
