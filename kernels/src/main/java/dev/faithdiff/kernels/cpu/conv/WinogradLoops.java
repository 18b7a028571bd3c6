package dev.faithdiff.kernels.cpu.conv;

import dev.faithdiff.kernels.cpu.VecCode;

/** The three transforms of {@link WinogradTransforms}, for some tiles and vectors of channels at a time. */
interface WinogradLoops {
    /** The fastest ones here. */
    WinogradLoops FASTEST = VecCode.isHere() ? new WinogradEmitted() : new WinogradVector();

    /**
     * Transforms input tiles. A tile's numbers lie {@link dev.faithdiff.kernels.cpu.gemm.Panels#STRIDE} floats after those of the one before.
     *
     * @param pixels  address of the addresses of the tiles' pixels, 36 for each
     * @param channel byte offset of the first vector in a pixel
     * @param places  address of the byte offset of each position in {@code to}, to which index {@code at} is added
     */
    void input(long pixels, int tiles, long channel, int vectors, float[] to, int at, long places);

    /** The same with numbers rounded to BF16, in pairs of neighbouring channels. Needs AVX512-BF16. */
    default void inputBf16(long pixels, int tiles, long channel, int vectors, float[] to, int at, long places) {
        throw new IllegalStateException("no processor without AVX512-BF16 has pairs");
    }

    /** Transforms vectors of weights: their nine taps lie {@code step} bytes apart, as the positions of the result do. */
    void weight(long taps, int vectors, long to, long step);

    /**
     * Transforms products to output tiles.
     *
     * @param from    products, the positions {@code step} floats apart; a tile's begin {@link dev.faithdiff.kernels.cpu.gemm.Panels#WIDTH} floats
     *                after those of the one before
     * @param bias    of all channels
     * @param channel byte offset of the first vector in a pixel and in the bias
     * @param pixels  address of the addresses of the tiles' pixels, 16 for each
     */
    void output(float[] from, int step, int tiles, float[] bias, long channel, int vectors, long pixels);
}
