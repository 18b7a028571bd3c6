package dev.faithdiff.kernels.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Renames a library that a 64-bit ELF file depends on, to another name of the same length. JCuda's native libraries depend on
 * {@code libcublas.so.12} and on symbols of that version; {@code libcublas.so.13} has the same symbols under its own version name.
 */
final class ElfNames {
    private static final int DYNAMIC = 2, LOAD = 1;
    private static final long NEEDED = 1, STRINGS = 5, VERSIONS_NEEDED = 0x6ffffffeL, VERSIONS_NEEDED_COUNT = 0x6fffffffL;

    private final ByteBuffer elf;

    private ElfNames(byte[] file) { elf = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN); }

    /** Replaces {@code from} in place and returns the array. @throws CudaError if the file does not depend on {@code from} */
    static byte[] rename(byte[] file, String from, String to) {
        if (from.length() != to.length()) throw new IllegalArgumentException(from + " and " + to + " differ in length");
        if (!new ElfNames(file).rename(from, to)) throw new CudaError("the native library does not depend on " + from);
        return file;
    }

    private boolean rename(String from, String to) {
        long dynamic = segment(DYNAMIC), strings = fileOffset(entry(dynamic, STRINGS));
        boolean found = false;
        for (long at = dynamic; elf.getLong((int) at) != 0; at += 16) {
            int name = (int) (strings + elf.getLong((int) at + 8));
            if (elf.getLong((int) at) != NEEDED || !string(name).equals(from)) continue;
            elf.put(name, to.getBytes(StandardCharsets.US_ASCII));
            found = true;
        }
        long need = fileOffset(entry(dynamic, VERSIONS_NEEDED));
        for (long n = entry(dynamic, VERSIONS_NEEDED_COUNT); n > 0; n--) {
            int at = (int) need;
            // The version has the library's name, one string for both.
            int version = at + elf.getInt(at + 8);
            for (int left = Short.toUnsignedInt(elf.getShort(at + 2)); left > 0; left--) {
                if (string((int) strings + elf.getInt(version + 8)).equals(to)) elf.putInt(version, hash(to));
                version += elf.getInt(version + 12);
            }
            need += elf.getInt(at + 12);
        }
        return found;
    }

    private long segment(int type) {
        for (int i = 0, at = (int) elf.getLong(32); i < elf.getShort(56); i++, at += elf.getShort(54)) {
            if (elf.getInt(at) == type) return elf.getLong(at + 8);
        }
        throw new CudaError("not a dynamic library");
    }

    /** Value of a dynamic entry, which must be there. */
    private long entry(long dynamic, long tag) {
        for (long at = dynamic; elf.getLong((int) at) != 0; at += 16) if (elf.getLong((int) at) == tag) return elf.getLong((int) at + 8);
        throw new CudaError("dynamic entry " + Long.toHexString(tag) + " is missing");
    }

    private long fileOffset(long address) {
        for (int i = 0, at = (int) elf.getLong(32); i < elf.getShort(56); i++, at += elf.getShort(54)) {
            long start = elf.getLong(at + 16);
            if (elf.getInt(at) == LOAD && address >= start && address < start + elf.getLong(at + 32)) return address - start + elf.getLong(at + 8);
        }
        throw new CudaError("address " + Long.toHexString(address) + " lies in no segment");
    }

    private String string(int at) {
        int end = at;
        while (elf.get(end) != 0) end++;
        return new String(elf.array(), at, end - at, StandardCharsets.US_ASCII);
    }

    /** The System V hash of a symbol or version name. */
    static int hash(String name) {
        int h = 0;
        for (int i = 0; i < name.length(); i++) {
            h = (h << 4) + name.charAt(i);
            int high = h & 0xf0000000;
            h = (h ^ high >>> 24) & ~high;
        }
        return h;
    }
}
