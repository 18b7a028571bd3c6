package dev.faithdiff.tensor;

import java.nio.file.Path;

/** The user's folder for what can be computed again. */
public final class UserCache {
    private UserCache() {}

    /** {@code faithdiff/NAME} in {@code XDG_CACHE_HOME} or {@code ~/.cache}. It need not exist. */
    public static Path folder(String name) {
        String xdg = System.getenv("XDG_CACHE_HOME");
        Path user = xdg != null && !xdg.isEmpty() ? Path.of(xdg) : Path.of(System.getProperty("user.home"), ".cache");
        return user.resolve("faithdiff").resolve(name);
    }
}
