package dev.faithdiff.model;

import dev.faithdiff.tensor.host.IoReason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** SHA-256 of a model folder's files, kept in its {@code SHA256SUMS} in the format of the command sha256sum. */
public final class Checksums {
    public static final String FILE = "SHA256SUMS";
    private static final long LARGEST = 16 << 20;
    /** Files that may lie beside a model and are no part of it. */
    private static final List<String> NOT_PART = List.of(FILE, "README.md", "LICENSE");

    private Checksums() { }

    /** Lists all files of a model folder. */
    public static void write(Path folder) throws IOException {
        Map<String, String> sums = new TreeMap<>();
        for (String name : names(folder)) sums.put(name, of(folder.resolve(name)));
        write(folder, sums);
    }

    /** Lists a file that was written behind the others, or again; all else of the list stays. */
    public static void add(Path folder, String name) throws IOException {
        Map<String, String> sums = new LinkedHashMap<>(read(folder));
        sums.put(name, of(folder.resolve(name)));
        write(folder, sums);
    }

    private static void write(Path folder, Map<String, String> sums) throws IOException {
        StringBuilder text = new StringBuilder();
        sums.forEach((name, sum) -> text.append(sum).append("  ").append(name).append('\n'));
        Files.writeString(folder.resolve(FILE), text);
    }

    /** The sums in the folder's own list, by path; empty if there is no list. */
    public static Map<String, String> read(Path folder) {
        Map<String, String> sums = new TreeMap<>();
        Path file = folder.resolve(FILE);
        if (!Files.exists(file)) return sums;
        for (String line : text(file).lines().toList()) {
            if (!line.matches("[0-9a-f]{64}  .+")) throw new ModelError(file, "has a line that is no checksum: " + ModelError.clean(line));
            sums.put(line.substring(66), line.substring(0, 64));
        }
        return sums;
    }

    private static String text(Path file) {
        try {
            if (Files.size(file) > LARGEST) throw new ModelError(file, "is larger than 16 MB");
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new ModelError(file, "is not UTF-8", e);
        } catch (IOException e) {
            throw new ModelError(file, "cannot be read: " + IoReason.of(e), e);
        }
    }

    /** The files of a model, by path with slashes, in order. */
    public static List<String> names(Path folder) {
        try (Stream<Path> walk = Files.walk(folder)) {
            return walk.filter(Files::isRegularFile).map(f -> folder.relativize(f).toString().replace('\\', '/'))
                    .filter(f -> !NOT_PART.contains(f)).sorted().toList();
        } catch (IOException e) {
            throw new ModelError(folder, "cannot be read: " + IoReason.of(e), e);
        }
    }

    /** The SHA-256 of a whole file, in hexadecimal. @throws ModelError if it cannot be read */
    public static String of(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] chunk = new byte[1 << 18];
            for (int n; (n = in.read(chunk)) >= 0; ) digest.update(chunk, 0, n);
            return HexFormat.of().formatHex(digest.digest());
        } catch (IOException e) {
            throw new ModelError(file, "cannot be read: " + IoReason.of(e), e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has SHA-256
        }
    }
}
