package dev.faithdiff;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.model.Config;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** A folder of weights and settings as {@code faithdiff convert} writes it. */
record ModelFolder(Path path) {
    private static final int VERSION = 1;
    /** What belongs to a folder's own weights and not to those of a model that was trained from it. */
    private static final Set<String> OWN = Set.of(Model.UNET, Model.VAE, "README.md", "SHA256SUMS");
    private static final int PIECES = 1000, PIECE = 4096;

    /** The {@code model.json} of a model folder of any kind. @throws UncheckedIOException in one line if it is none of this version */
    Config description() {
        if (!Files.isDirectory(path)) throw new UncheckedIOException(new IOException(path + ": there is no such model folder"));
        Config c = Config.read(path.resolve("model.json"));
        if (c.text("format", "").equals("faithdiff-jvm") && c.integer("version", 0) == VERSION) return c;
        throw new UncheckedIOException(new IOException(path.resolve("model.json") + ": is not a model of this program's format version "
                + VERSION + "; make one with 'faithdiff convert'"));
    }

    /**
     * Writes a folder with other weights and everything else as here. It appears whole or not at all.
     *
     * @param weights writes them into an unfinished folder
     * @throws UncheckedIOException if {@code target} exists or cannot be written
     */
    void write(Path target, Consumer<Path> weights) {
        Path whole = target.toAbsolutePath().normalize(), part = whole.resolveSibling("." + whole.getFileName() + ".unfinished");
        try {
            if (Files.exists(whole)) throw new IOException(target + ": exists; a trained model does not replace another one");
            delete(part);
            for (Path from : files()) {
                String name = path.relativize(from).toString().replace('\\', '/');
                if (OWN.contains(name)) continue;
                Files.createDirectories(part.resolve(name).getParent());
                if (name.equals("model.json")) Files.writeString(part.resolve(name), descriptionFor(whole));
                else Files.copy(from, part.resolve(name));
            }
            weights.accept(part);
            Files.move(part, whole, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            delete(part);
        }
    }

    /** The text of {@code model.json} for a copy of this folder: a first stage is named by its path from there. */
    private String descriptionFor(Path copy) throws IOException {
        String text = Files.readString(path.resolve("model.json"));
        JsonObject model = JsonParser.parseString(text).getAsJsonObject();
        if (!model.has("initial")) return text;
        Path initial = path.toAbsolutePath().normalize().resolve(model.get("initial").getAsString()).normalize();
        model.addProperty("initial", copy.relativize(initial).toString().replace('\\', '/'));
        return new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(model) + "\n";
    }

    private static void delete(Path folder) {
        if (!Files.exists(folder)) return;
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path p : all.sorted(Comparator.reverseOrder()).toList()) Files.delete(p);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Iterable<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(path)) {
            return all.filter(Files::isRegularFile).sorted().toList();
        }
    }

    /**
     * SHA-256, as hexadecimal digits, of the folder's files: of their names and sizes, of small ones whole, of large ones of evenly spread
     * pieces, which tells models apart in less than a second.
     */
    String digest() { return sha256(this::digest); }

    private void digest(MessageDigest sum) {
        try {
            for (Path file : files()) {
                long bytes = Files.size(file), apart = Math.max(PIECE, bytes / PIECES);
                sum.update((path.relativize(file) + " " + bytes + "\n").getBytes(StandardCharsets.UTF_8));
                try (FileChannel in = FileChannel.open(file)) {
                    for (long at = 0; at < bytes; at += apart) {
                        ByteBuffer piece = ByteBuffer.allocate(PIECE);
                        in.read(piece, at);
                        sum.update(piece.flip());
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String sha256(Consumer<MessageDigest> content) {
        try {
            MessageDigest sum = MessageDigest.getInstance("SHA-256");
            content.accept(sum);
            return HexFormat.of().formatHex(sum.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
