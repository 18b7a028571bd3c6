package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.UserCache;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Results that are expensive to compute and can be computed again: compiled kernels, chosen algorithms. Each is one file under the hash of its
 * inputs, complete or absent. A folder that cannot be read or written costs only time.
 */
record DiskCache(Path folder) {
    /** {@code -Dfaithdiff.cuda.cache}, else the user's cache folder. */
    static DiskCache user() {
        String asked = System.getProperty("faithdiff.cuda.cache");
        return new DiskCache(asked != null ? Path.of(asked) : UserCache.folder("cuda"));
    }

    /** The bytes kept for a key, or null. @param ending of the file's name, with the dot */
    byte[] find(String key, String ending) {
        try {
            Path kept = file(key, ending);
            return Files.isReadable(kept) ? Files.readAllBytes(kept) : null;
        } catch (IOException e) {
            return null;
        }
    }

    void keep(String key, String ending, byte[] content) {
        try {
            Files.createDirectories(folder);
            Path part = Files.createTempFile(folder, "new", ".part");
            try {
                Files.write(part, content);
                Files.move(part, file(key, ending), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(part);
            }
        } catch (IOException e) {
            System.getLogger(DiskCache.class.getName()).log(System.Logger.Level.DEBUG, "cache " + folder, e);
        }
    }

    /** What {@link #keepNamed} kept for a key, or null; a damaged file is passed over. */
    byte[] findNamed(String key, String ending) {
        byte[] content = find(key, ending), name = name(key);
        if (content == null || content.length < name.length || !Arrays.equals(content, 0, name.length, name, 0, name.length)) return null;
        return Arrays.copyOfRange(content, name.length, content.length);
    }

    /** Keeps the key as the first line of the file, and what it stands for. */
    void keepNamed(String key, String ending, byte[] content) {
        byte[] name = name(key), all = Arrays.copyOf(name, name.length + content.length);
        System.arraycopy(content, 0, all, name.length, content.length);
        keep(key, ending, all);
    }

    private static byte[] name(String key) { return (key + "\n").getBytes(StandardCharsets.UTF_8); }

    /** The file of a key, whether it exists or not. */
    Path file(String key, String ending) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
            return folder.resolve(HexFormat.of().formatHex(hash, 0, 16) + ending);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
