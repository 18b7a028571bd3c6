package dev.faithdiff.networks.llama;

import dev.faithdiff.model.ModelError;
import dev.faithdiff.tensor.host.IoReason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The pieces of a SentencePiece model, {@code tokenizer.model}: a message of protocol buffers whose field 1 is repeated for each piece, with its text
 * (1), score (2) and kind (3) (sentencepiece_model.proto). Field 3 says how texts are normalized: its field 2 is a table of characters. The file is
 * not trusted.
 *
 * @param table of characters that are replaced before pieces are looked for; empty: none is
 */
public record PieceFile(List<Piece> pieces, ByteBuffer table) {
    private static final int NORMAL = 1, USER_DEFINED = 4, BYTE = 6, MOST_BYTES = 64 << 20, MOST_PIECES = 1_000_000;

    /** A piece. @param kind as the file numbers them: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte */
    public record Piece(String text, float score, int kind) {
        /** Whether it stands for a part of a text. */
        public boolean isText() { return kind == NORMAL || kind == USER_DEFINED; }

        /** Whether it stands for a byte. */
        boolean isByte() { return kind == BYTE && text.matches("<0x[0-9A-Fa-f]{2}>"); }
    }

    /** Reads a file. @throws ModelError if the file is missing or damaged, or has no pieces */
    public static PieceFile read(Path file) {
        try {
            if (Files.size(file) > MOST_BYTES) throw new ModelError(file, "is larger than 64 MB");
            List<Piece> pieces = new ArrayList<>();
            ByteBuffer[] table = {ByteBuffer.allocate(0)};
            fields(ByteBuffer.wrap(Files.readAllBytes(file)), (number, _, content) -> {
                if (number == 1 && content != null) pieces.add(piece(content));
                if (number == 3 && content != null) fields(content, (inner, _, part) -> { if (inner == 2 && part != null) table[0] = part; });
                if (pieces.size() > MOST_PIECES) throw new ModelError(file, "has more than a million pieces");
            });
            if (pieces.size() <= PieceTokenizer.END) throw new ModelError(file, "holds no pieces of SentencePiece");
            return new PieceFile(pieces, table[0]);
        } catch (NoSuchFileException e) {
            throw new ModelError(file, "there is no such file", e);
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw new ModelError(file, "is no model of SentencePiece", e);
        } catch (IOException e) {
            throw new ModelError(file, "cannot be read: " + IoReason.of(e), e);
        }
    }

    private interface Field {
        /** @param value of a number @param content of a message or text; null for a number */
        void of(int number, long value, ByteBuffer content);
    }

    private static Piece piece(ByteBuffer message) {
        Object[] parts = {"", 0f, NORMAL};
        fields(message, (number, value, content) -> {
            if (number == 1 && content != null) parts[0] = StandardCharsets.UTF_8.decode(content).toString();
            if (number == 2) parts[1] = Float.intBitsToFloat((int) value);
            if (number == 3) parts[2] = (int) value;
        });
        return new Piece((String) parts[0], (float) parts[1], (int) parts[2]);
    }

    private static void fields(ByteBuffer in, Field to) {
        in.order(ByteOrder.LITTLE_ENDIAN);
        while (in.hasRemaining()) {
            long key = number(in);
            switch ((int) key & 7) {
                case 0 -> to.of((int) (key >>> 3), number(in), null);
                case 1 -> to.of((int) (key >>> 3), in.getLong(), null);
                case 5 -> to.of((int) (key >>> 3), in.getInt(), null);
                case 2 -> {
                    int size = Math.toIntExact(Math.min(number(in) & Long.MAX_VALUE, Integer.MAX_VALUE)), end = in.position();
                    if (size > in.remaining()) throw new BufferUnderflowException();
                    ByteBuffer part = in.slice(end, size);
                    in.position(end + size);
                    to.of((int) (key >>> 3), 0, part);
                }
                default -> throw new IllegalArgumentException("wire type " + (key & 7));
            }
        }
    }

    private static long number(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            byte b = in.get();
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) return value;
        }
        throw new IllegalArgumentException("a number of more than 64 bits");
    }

    /** The bytes of a file with these pieces. */
    public static byte[] write(List<Piece> pieces) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (Piece p : pieces) {
            byte[] text = p.text.getBytes(StandardCharsets.UTF_8);
            ByteBuffer message = ByteBuffer.allocate(text.length + 16).order(ByteOrder.LITTLE_ENDIAN);
            message.put((byte) 0x0a).put((byte) text.length).put(text).put((byte) 0x15).putFloat(p.score).put((byte) 0x18).put((byte) p.kind);
            out.write(0x0a);
            out.write(message.position()); // both lengths are below 128
            out.write(message.array(), 0, message.position());
        }
        return out.toByteArray();
    }
}
