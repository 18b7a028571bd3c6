package dev.faithdiff.image.file;

import com.luciad.imageio.webp.internal.NativeLoader;
import com.luciad.imageio.webp.internal.OsInfo;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * The native library that writes WebP. It comes in a jar and has to lie in a folder where the system lets programs run, which the one of temporary
 * files need not be, so others are tried. Each is tried by hand first, because the library's own loader prints stack traces and keeps the reason.
 */
final class WebpLibrary {
    private static final String FOLDER = "com.luciad.imageio.webp.tmpdir";
    private static boolean loaded;

    private WebpLibrary() {}

    /** @throws IOException if WebP cannot be written on this system: why, in one line */
    static synchronized void load() throws IOException {
        if (loaded) return;
        String name = System.mapLibraryName("webp-imageio"), resource = "/native/" + OsInfo.getNativeLibFolderPathForCurrentOS() + "/" + name;
        if (NativeLoader.class.getResource(resource) == null) {
            throw new IOException("WebP needs native code that is not there for " + System.getProperty("os.name") + " "
                    + System.getProperty("os.arch") + ", write .png, .jpg or .tif");
        }
        String why = null;
        for (Path folder : (Iterable<Path>) folders()::iterator) {
            String reason = refuses(folder, NativeLoader.class.getResourceAsStream(resource));
            if (reason == null) {
                System.setProperty(FOLDER, folder.toString());
                loaded = NativeLoader.initialize();
                return;
            }
            if (why == null) why = reason;
        }
        throw new IOException("WebP's native library cannot be loaded from " + folders().findFirst().orElseThrow() + " (" + why
                + "): set -Djava.io.tmpdir to a folder where programs may run, or write .png, .jpg or .tif");
    }

    /** That of temporary files, then a user's own, then those that systems have. */
    private static Stream<Path> folders() {
        Map<String, String> env = System.getenv();
        return Stream.of(System.getProperty(FOLDER), System.getProperty("java.io.tmpdir"), env.get("XDG_CACHE_HOME"),
                env.get("HOME") == null ? null : env.get("HOME") + "/.cache", env.get("XDG_RUNTIME_DIR"), env.get("HOME"), "/var/tmp", "/dev/shm")
                .filter(Objects::nonNull).distinct().map(Path::of);
    }

    /** Null where the library can be loaded from the folder, else why not. */
    static String refuses(Path folder, InputStream library) {
        Path file = null;
        try (InputStream in = library) {
            if (!Files.isDirectory(folder)) return "there is no such folder";
            file = Files.createTempFile(folder, "faithdiff-webp-", ".so");
            Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
            System.load(file.toAbsolutePath().toString());
            return null;
        } catch (UnsatisfiedLinkError e) {
            return String.valueOf(e.getMessage()).replace(file + ": ", "");
        } catch (IOException e) {
            return ImageFiles.reason(e);
        } finally {
            if (file != null) file.toFile().delete();
        }
    }
}
