package dev.faithdiff.tensor.host;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/**
 * Results that are expensive to compute and can be computed again: compiled kernels, chosen algorithms, states of captions. Each is one file under
 * the hash of its inputs, and ends with the SHA-256 of what it holds: a damaged file counts for nothing. A folder that cannot be read or written
 * costs only time.
 */
public record DiskCache(Path folder) {
    /** The last line of a file, in bytes with the line break before it. */
    private static final int SUM = 65;

    /** The folder that a system property names, else one in the user's cache folder. */
    public static DiskCache of(String property, String name) {
        String asked = System.getProperty(property);
        return new DiskCache(asked != null ? Path.of(asked) : UserFolders.cache(name));
    }

    /** The bytes kept for a key; null if there are none, or they are not those that were kept. @param ending of the file's name, with the dot */
    public byte[] find(String key, String ending) {
        byte[] all = KeptFile.read(file(key, ending));
        if (all == null || all.length < SUM) return null;
        byte[] content = Arrays.copyOf(all, all.length - SUM);
        return Arrays.equals(sum(content), Arrays.copyOfRange(all, content.length, all.length)) ? content : null;
    }

    public void keep(String key, String ending, byte[] content) {
        byte[] all = Arrays.copyOf(content, content.length + SUM);
        System.arraycopy(sum(content), 0, all, content.length, SUM);
        try {
            KeptFile.write(file(key, ending), all);
        } catch (IOException e) {
            failed(e);
        }
    }

    /** What {@link #keepNamed} kept for a key, or null. */
    public byte[] findNamed(String key, String ending) {
        byte[] content = find(key, ending), name = name(key);
        if (content == null || content.length < name.length || !Arrays.equals(content, 0, name.length, name, 0, name.length)) return null;
        return Arrays.copyOfRange(content, name.length, content.length);
    }

    /** Keeps the key as the first line of the file, and what it stands for. */
    public void keepNamed(String key, String ending, byte[] content) {
        byte[] name = name(key), all = Arrays.copyOf(name, name.length + content.length);
        System.arraycopy(content, 0, all, name.length, content.length);
        keep(key, ending, all);
    }

    private static byte[] sum(byte[] content) { return ("\n" + HexFormat.of().formatHex(sha256(content))).getBytes(StandardCharsets.US_ASCII); }

    private static byte[] name(String key) { return (key + "\n").getBytes(StandardCharsets.UTF_8); }

    /** The file of a key, whether it exists or not. */
    public Path file(String key, String ending) {
        return folder.resolve(HexFormat.of().formatHex(sha256(key.getBytes(StandardCharsets.UTF_8)), 0, 16) + ending);
    }

    /** Says that a key's file is in use, so that it is among the last that {@link #limit} deletes. */
    public void used(String key, String ending) {
        try {
            Files.setLastModifiedTime(file(key, ending), FileTime.from(Instant.now()));
        } catch (IOException e) {
            failed(e);
        }
    }

    /** Deletes the files that were not used for the longest time, until there are at most so many with an ending. */
    public void limit(String ending, int most) {
        try (Stream<Path> all = Files.list(folder)) {
            List<Path> files = new ArrayList<>(all.filter(f -> f.toString().endsWith(ending)).toList());
            files.sort(Comparator.comparingLong(f -> f.toFile().lastModified()));
            for (Path old : files.subList(0, Math.max(0, files.size() - most))) Files.deleteIfExists(old);
        } catch (IOException e) {
            failed(e);
        }
    }

    private void failed(IOException e) {
        System.getLogger(DiskCache.class.getName()).log(System.Logger.Level.DEBUG, "cache " + folder, e);
    }

    /** The SHA-256 of bytes. */
    public static byte[] sha256(byte[] content) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(content);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
