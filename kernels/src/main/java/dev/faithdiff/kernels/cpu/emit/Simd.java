package dev.faithdiff.kernels.cpu.emit;

/**
 * A vector register.
 *
 * @param number 0 to 31
 * @param bits   128, 256 or 512
 * @param mask   as a destination: the opmask register, 1 to 7, of the elements to write; 0: all of them
 * @param zeroes the elements that are not written become zero, instead of keeping their values
 */
public record Simd(int number, int bits, int mask, boolean zeroes) implements RegisterOrMemory {
    /** All of 128 bits. */
    public static Simd xmm(int number) { return new Simd(number, 128, 0, false); }

    /** All of 256 bits. */
    public static Simd ymm(int number) { return new Simd(number, 256, 0, false); }

    /** All of 512 bits. */
    public static Simd zmm(int number) { return new Simd(number, 512, 0, false); }

    /** Only the elements that are set in opmask register {@code k}. */
    public Simd masked(int k) { return new Simd(number, bits, k, false); }

    /** The same, and zero for the others. */
    public Simd zeroed(int k) { return new Simd(number, bits, k, true); }
}
