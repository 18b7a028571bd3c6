package dev.faithdiff.tensor.host;

import java.nio.file.Path;

/** The user's folders for this program. They need not exist. */
public final class UserFolders {
    private UserFolders() {}

    /** For what can be computed again: {@code faithdiff/NAME} in {@code XDG_CACHE_HOME} or {@code ~/.cache}. */
    public static Path cache(String name) { return folder(System.getenv("XDG_CACHE_HOME"), ".cache", name); }

    /** For what the user keeps: {@code faithdiff/NAME} in {@code XDG_DATA_HOME} or {@code ~/.local/share}. */
    public static Path data(String name) { return folder(System.getenv("XDG_DATA_HOME"), ".local/share", name); }

    private static Path folder(String xdg, String usual, String name) { return folder(xdg, System.getProperty("user.home"), usual, name); }

    /**
     * A folder that does not depend on where the program was started, so relative names count for nothing. Of a user without a home the JVM says
     * {@code ?}; such a one has the system's root, as in a container.
     */
    static Path folder(String xdg, String home, String usual, String name) {
        boolean isGiven = xdg != null && Path.of(xdg).isAbsolute();
        Path of = Path.of(home).isAbsolute() ? Path.of(home) : Path.of("/");
        return (isGiven ? Path.of(xdg) : of.resolve(usual)).resolve("faithdiff").resolve(name);
    }
}
