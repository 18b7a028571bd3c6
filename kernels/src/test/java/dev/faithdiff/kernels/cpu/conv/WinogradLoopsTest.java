package dev.faithdiff.kernels.cpu.conv;

import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.OUTPUTS;
import static dev.faithdiff.kernels.cpu.conv.WinogradTransforms.POSITIONS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.faithdiff.kernels.cpu.Vec;
import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.CpuFeature;
import dev.faithdiff.kernels.cpu.gemm.Factors;
import dev.faithdiff.kernels.cpu.gemm.Panels;
import dev.faithdiff.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Winograd's transforms as machine code against the Vector API: the same bits, and nothing written beside them. */
class WinogradLoopsTest {
    private static final int TILES = 3, VECTORS = 2, CHANNELS = 5 * Vec.LANES;
    private static final long CHANNEL = 4L * 2 * Vec.LANES;

    private final WinogradLoops vector = new WinogradVector(), emitted = new WinogradEmitted();
    private final Random random = new Random(4);

    @Test void transformsInputsAlike() {
        assumeTrue(VecCode.isHere(), CpuFeature.line());
        float[] expected = inputs(vector::input), actual = inputs(emitted::input);
        assertThat(actual).isEqualTo(expected).isNotEqualTo(new float[actual.length]);
    }

    @Test void roundsInputsAlike() {
        assumeTrue(Factors.BF16.isPaired(), CpuFeature.line());
        float[] expected = inputs(vector::input), actual = inputs(emitted::inputBf16);
        for (int p = 0; p < POSITIONS; p++) {
            int place = 5 + place(p);
            Factors.BF16.round(expected, place, TILES, VECTORS * Vec.LANES);
            for (int t = place; t < place + TILES * Panels.STRIDE; t += Panels.STRIDE) {
                assertThat(Arrays.mismatch(actual, t, t + VECTORS * Vec.LANES / 2, expected, t, t + VECTORS * Vec.LANES / 2)).isEqualTo(-1);
            }
        }
        assertThat(actual).isNotEqualTo(new float[actual.length]);
    }

    private interface Input {
        void of(long pixels, int tiles, long channel, int vectors, float[] to, int at, long places);
    }

    private float[] inputs(Input input) {
        random.setSeed(4);
        MemorySegment map = numbers(TILES * POSITIONS * CHANNELS), pixels = addresses(map, TILES * POSITIONS);
        MemorySegment places = Arena.ofAuto().allocate(8 * POSITIONS);
        for (int p = 0; p < POSITIONS; p++) Vec.setNumber(places.address(), p, 4L * place(p));
        float[] numbers = new float[7 * TILES * Panels.STRIDE];
        input.of(pixels.address(), TILES, CHANNEL, VECTORS, numbers, 5, places.address());
        return numbers;
    }

    private static int place(int position) { return position / 6 * TILES * Panels.STRIDE + position % 6 * 3 * Vec.LANES; }

    @Test void transformsWeightsAlike() {
        assumeTrue(VecCode.isHere(), CpuFeature.line());
        int vectors = 6, step = 4 * (vectors + 1) * Vec.LANES;
        MemorySegment taps = numbers(9 * step / 4), expected = Arena.ofAuto().allocate((long) POSITIONS * step, 64);
        MemorySegment actual = Arena.ofAuto().allocate((long) POSITIONS * step, 64);
        vector.weight(taps.address(), vectors, expected.address(), step);
        emitted.weight(taps.address(), vectors, actual.address(), step);
        assertThat(actual.toArray(DType.FLOAT)).isEqualTo(expected.toArray(DType.FLOAT)).isNotEqualTo(new float[POSITIONS * step / 4]);
    }

    @Test void transformsOutputsAlike() {
        assumeTrue(VecCode.isHere(), CpuFeature.line());
        int step = TILES * Panels.WIDTH;
        float[] products = numbers(POSITIONS * step).toArray(DType.FLOAT), bias = numbers(CHANNELS).toArray(DType.FLOAT);
        int pixels = TILES * OUTPUTS * OUTPUTS;
        MemorySegment expected = Arena.ofAuto().allocate(4L * pixels * CHANNELS, 64), actual = Arena.ofAuto().allocate(4L * pixels * CHANNELS, 64);
        vector.output(products, step, TILES, bias, CHANNEL, VECTORS, addresses(expected, pixels).address());
        emitted.output(products, step, TILES, bias, CHANNEL, VECTORS, addresses(actual, pixels).address());
        assertThat(actual.toArray(DType.FLOAT)).isEqualTo(expected.toArray(DType.FLOAT)).isNotEqualTo(new float[pixels * CHANNELS]);
    }

    private MemorySegment numbers(int count) {
        MemorySegment numbers = Arena.ofAuto().allocate(4L * count, 64);
        for (int i = 0; i < count; i++) numbers.setAtIndex(DType.FLOAT, i, (float) random.nextGaussian());
        return numbers;
    }

    /** The addresses of pixels of all channels. */
    private static MemorySegment addresses(MemorySegment map, int pixels) {
        MemorySegment addresses = Arena.ofAuto().allocate(8L * pixels);
        for (int i = 0; i < pixels; i++) Vec.setNumber(addresses.address(), i, map.address() + 4L * i * CHANNELS);
        return addresses;
    }
}
