package dev.faithdiff.convert.file;

import dev.faithdiff.tensor.host.IoReason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files of a checkpoint that are read whole, such as settings and vocabularies. They are not trusted, so a large one is refused. */
public final class SmallFile {
    private static final int LARGEST_MB = 64, LARGEST_TEXT_MB = 16;

    private SmallFile() { }

    /** @throws ConvertError if the file cannot be read, is larger than 16 MB or is not UTF-8 */
    public static String text(Path file) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes(file, LARGEST_TEXT_MB))).toString();
        } catch (CharacterCodingException e) {
            throw new ConvertError(file, "is not UTF-8", e);
        }
    }

    /** @throws ConvertError if the file cannot be read or is larger than 64 MB */
    public static byte[] bytes(Path file) { return bytes(file, LARGEST_MB); }

    private static byte[] bytes(Path file, int largest) {
        try {
            if (!Files.exists(file)) throw new ConvertError(file, "does not exist");
            if (Files.size(file) > (long) largest << 20) throw new ConvertError(file, "is larger than " + largest + " MB");
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new ConvertError(file, "cannot be read: " + IoReason.of(e), e);
        }
    }
}
