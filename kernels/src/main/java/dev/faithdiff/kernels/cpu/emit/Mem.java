package dev.faithdiff.kernels.cpu.emit;

/**
 * The memory at base + index * scale + offset.
 *
 * @param index     null: none; never {@link Gpr#RSP}
 * @param scale     1, 2, 4 or 8
 * @param offset    bytes
 * @param broadcast one number of 32 bits, taken for each element
 */
public record Mem(Gpr base, Gpr index, int scale, int offset, boolean broadcast) implements RegisterOrMemory {
    public Mem {
        boolean encodes = index != Gpr.RSP && Integer.bitCount(scale) == 1 && scale <= 8;
        if (!encodes) throw new IllegalArgumentException("no address has " + index + " * " + scale);
    }

    /** The memory at base + offset. */
    public static Mem at(Gpr base, int offset) { return new Mem(base, null, 1, offset, false); }

    /** The memory at base + index * scale + offset. */
    public static Mem at(Gpr base, Gpr index, int scale, int offset) { return new Mem(base, index, scale, offset, false); }

    /** One number, taken for each element. */
    public Mem each() { return new Mem(base, index, scale, offset, true); }
}
