package dev.faithdiff.model;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** A folder of weights and settings, as {@code faithdiff convert} and {@code faithdiff train} write it. */
public record ModelFolder(Path path) {
    /** The file that says what a folder holds. */
    public static final String DESCRIPTION = "model.json";
    /** The calibration of a trust mask ({@code faithdiff calibrate}), which changes no result. */
    public static final String CALIBRATION = "trust.json";
    private static final int VERSION = 1;
    private static final int PIECES = 1000, PIECE = 4096;

    /** The {@code model.json}. @throws ModelError if there is none, or one of another format or without a kind */
    public Config description() {
        if (!Files.isDirectory(path)) throw new ModelError(path, "there is no such model folder");
        Path file = path.resolve(DESCRIPTION);
        Config c = Config.read(file);
        if (!c.text("format", "").equals("faithdiff-jvm") || c.integer("version", 0) != VERSION) {
            throw new ModelError(file, "is not a model of this program's format version " + VERSION + "; make one with 'faithdiff convert'");
        }
        if (!c.has("kind")) {
            throw new ModelError(file, "'kind' is missing; convert the model again, or add \"kind\": \"faithdiff\" if it is FaithDiff's");
        }
        return c;
    }

    /** The kind of model, such as {@code faithdiff}. @throws ModelError as {@link #description} */
    public String kind() { return description().text("kind"); }

    /**
     * Copies files into another folder. If {@code model.json} gives a path to a first stage, the copy gives the path from its new place.
     *
     * @param without paths, with slashes, of files that are not copied
     * @throws IOException if a file cannot be read or written
     */
    public void copyTo(Path target, Set<String> without) throws IOException {
        for (Path from : files()) {
            String name = path.relativize(from).toString().replace('\\', '/');
            if (without.contains(name)) continue;
            Files.createDirectories(target.resolve(name).getParent());
            if (name.equals(DESCRIPTION)) Files.writeString(target.resolve(name), descriptionFor(target));
            else Files.copy(from, target.resolve(name));
        }
    }

    private String descriptionFor(Path copy) throws IOException {
        JsonObject model = Config.read(path.resolve(DESCRIPTION)).json();
        if (!model.has("initial")) return Files.readString(path.resolve(DESCRIPTION));
        Path initial = path.toAbsolutePath().normalize().resolve(model.get("initial").getAsString()).normalize();
        model.addProperty("initial", copy.toAbsolutePath().normalize().relativize(initial).toString().replace('\\', '/'));
        return new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(model) + "\n";
    }

    /** Bytes of the weights of one part, such as {@code unet}, or of all parts for the empty string; 0 if there are none. */
    public long weightBytes(String part) {
        Path folder = path.resolve(part);
        if (!Files.isDirectory(folder)) return 0;
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(f -> f.toString().endsWith(".safetensors")).mapToLong(f -> f.toFile().length()).sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(path)) {
            return all.filter(Files::isRegularFile).sorted().toList();
        }
    }

    /** The folder's files that say what is restored, by path with slashes, in order: not those that only tell of it. */
    public List<String> parts() { return Checksums.names(path).stream().filter(name -> !CALIBRATION.equals(name)).toList(); }

    /**
     * A SHA-256 in hexadecimal that tells models apart in less than a second. It covers the name, the size and the content of each of the
     * {@link #parts}, but of a large file's content only evenly spread pieces.
     */
    public String digest() { return digest(Map.of()); }

    /** As {@link #digest()}, together with files by names that say what they are for, in the map's order. */
    public String digest(Map<String, Path> more) {
        return sha256(sum -> {
            try {
                for (String name : parts()) digest(sum, name, path.resolve(name));
                for (var file : more.entrySet()) digest(sum, file.getKey(), file.getValue());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static void digest(MessageDigest sum, String name, Path file) throws IOException {
        long bytes = Files.size(file), apart = Math.max(PIECE, bytes / PIECES);
        sum.update((name + " " + bytes + "\n").getBytes(StandardCharsets.UTF_8));
        try (FileChannel in = FileChannel.open(file)) {
            for (long at = 0; at < bytes; at += apart) {
                ByteBuffer piece = ByteBuffer.allocate(PIECE);
                in.read(piece, at);
                sum.update(piece.flip());
            }
        }
    }

    /** The SHA-256 in hexadecimal of what {@code content} hands to the digest. */
    public static String sha256(Consumer<MessageDigest> content) {
        try {
            MessageDigest sum = MessageDigest.getInstance("SHA-256");
            content.accept(sum);
            return HexFormat.of().formatHex(sum.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
