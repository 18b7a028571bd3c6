package dev.faithdiff.convert.file;

import dev.faithdiff.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Reads the operands of a pickle's opcodes one after another. Lengths in the file are not trusted: each read is checked. */
final class PickleInput {
    private static final int LONGEST_LINE = 1 << 16, LONGEST_INTEGER = 1 << 10;
    private static final long LONGEST_TEXT = 16 << 20;

    private final Path file;
    private final MemorySegment in;
    private long at;

    PickleInput(Path file, MemorySegment in, long start) {
        this.file = file;
        this.in = in;
        this.at = start;
    }

    /** The next byte to read. */
    long at() { return at; }

    /** A failure in the words of the file. */
    ConvertError error(String reason) { return new ConvertError(file, "the pickle " + reason); }

    long i32() { return in.get(DType.INT, take(4)); }

    double f64() { return in.get(DType.DOUBLE.withOrder(ByteOrder.BIG_ENDIAN), take(8)); }

    int u8() { return in.get(ValueLayout.JAVA_BYTE, take(1)) & 0xff; }

    long u16() { return in.get(DType.SHORT, take(2)) & 0xffff; }

    long u32() { return in.get(DType.INT, take(4)) & 0xffff_ffffL; }

    long u64() { return in.get(DType.LONG, take(8)); }

    byte[] bytes(long length) {
        long left = in.byteSize() - at;
        if (length < 0 || length > left) {
            throw error("claims a text of " + Long.toUnsignedString(length) + " bytes but has " + left + " left: truncated?");
        }
        if (length > LONGEST_TEXT) throw error("has a text of " + length + " bytes, too long for a checkpoint");
        return in.asSlice(take(length), length).toArray(ValueLayout.JAVA_BYTE);
    }

    String line() {
        long end = at;
        while (end < in.byteSize() && end - at <= LONGEST_LINE && in.get(ValueLayout.JAVA_BYTE, end) != '\n') end++;
        if (end == in.byteSize()) throw error("ends in the middle of a line: truncated?");
        if (end - at > LONGEST_LINE) throw error("has a line that is too long");
        String s = text(bytes(end - at));
        take(1);
        return s;
    }

    String text(byte[] utf8) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
        } catch (CharacterCodingException e) {
            throw error("has text that is not UTF-8");
        }
    }

    Object integer(String line) {
        if (line.equals("00") || line.equals("01")) return line.equals("01"); // protocol 1 writes booleans so
        String digits = line.endsWith("L") ? line.substring(0, line.length() - 1) : line;
        if (!digits.matches("-?[0-9]{1," + LONGEST_INTEGER + "}")) throw error("has an integer that cannot be read");
        return narrow(new BigInteger(digits));
    }

    Object integer(byte[] littleEndian) {
        if (littleEndian.length > LONGEST_INTEGER) throw error("has an integer that is too long");
        byte[] b = new byte[littleEndian.length + 1];
        for (int i = 0; i < littleEndian.length; i++) b[b.length - 1 - i] = littleEndian[i];
        if (b.length > 1 && b[1] < 0) b[0] = -1;
        return narrow(new BigInteger(b));
    }

    private static Object narrow(BigInteger i) { return i.bitLength() < 64 ? (Object) i.longValue() : i; }

    long number(String line) {
        if (integer(line) instanceof Long n) return n;
        throw error("has a memo index that cannot be read");
    }

    double real(String line) {
        try {
            return Double.parseDouble(line);
        } catch (NumberFormatException e) {
            throw error("has a number that cannot be read");
        }
    }

    long take(long count) {
        if (count > in.byteSize() - at) throw error("ends too early: truncated?");
        at += count;
        return at - count;
    }
}
