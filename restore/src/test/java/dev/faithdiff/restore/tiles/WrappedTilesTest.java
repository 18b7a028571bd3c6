package dev.faithdiff.restore.tiles;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Wrap;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tiles that go round. */
class WrappedTilesTest {
    /** With a network that changes nothing, tiles give back what went in, each element once. */
    @ParameterizedTest
    @CsvSource({"X, 40, 24, 64, 1", "XY, 20, 50, 16, 1", "Y, 9, 7, 8, 1", "XY, 12, 10, 16, 2", "NONE, 20, 30, 16, 1"})
    void coverTheWholeOnce(Wrap wrap, int height, int width, int tile, int times) {
        try (Scope _ = Scope.open()) {
            Tensor x = Tensor.of(Rng.cpu(1).randn(height * width * 2), 1, height, width, 2);
            WrappedTiles tiles = WrappedTiles.of(height, width, wrap, (h, w) -> h <= tile && w <= tile ? BlendedTiles.whole(h, w)
                    : BlendedTiles.square(h, w, tile));
            Tensor whole = Tensor.empty(Device.CPU, DType.F32, Shape.of(1, height * times, width * times, 2));
            tiles.apply(TileSource.of(x, wrap), 1, part -> times == 1 ? part : enlarged(part), times, TileSink.into(whole));
            Fixtures.assertClose("identity", whole.toFloats(), (times == 1 ? x : enlarged(x)).toFloats(), 2e-6);
        }
    }

    private static Tensor enlarged(Tensor x) {
        int h = x.size(1), w = x.size(2);
        float[] in = x.toFloats(), out = new float[4 * in.length];
        for (int i = 0; i < out.length; i++) out[i] = in[(i / 2 / (2 * w) / 2 * w + i / 2 % (2 * w) / 2) * 2 + i % 2];
        return Tensor.of(out, 1, 2 * h, 2 * w, 2);
    }

    /** A network that knows edges by zeros beyond them leaves a step at the ends of a smooth picture; where tiles go round it leaves none. */
    @Test void noStepWhereTheEndsMeet() {
        int height = 24, width = 96;
        try (Scope _ = Scope.open()) {
            float[] wave = new float[height * width];
            for (int i = 0; i < wave.length; i++) wave[i] = 2 + (float) Math.sin(2 * Math.PI * (i % width) / width);
            Tensor x = Tensor.of(wave, 1, height, width, 1);
            double[] round = steps(x, Wrap.X), cut = steps(x, Wrap.NONE);
            assertThat(cut[0]).as("step at the ends, where nothing goes round").isGreaterThan(3 * cut[1]);
            assertThat(round[0]).as("step at the ends").isLessThan(1.5 * round[1]);
        }
    }

    /** The largest step near the ends, and the largest elsewhere. The network is a blur over 9 columns with zeros beyond the edges. */
    private static double[] steps(Tensor x, Wrap wrap) {
        int height = x.size(1), width = x.size(2);
        WrappedTiles tiles = WrappedTiles.of(height, width, wrap, (h, w) -> BlendedTiles.whole(h, w));
        float[] out = tiles.collect(TileSource.of(x, wrap), 1, WrappedTilesTest::blurred, 1, () -> {}).toFloats();
        double most = 0;
        for (int i = 10; i < width - 10; i++) most = Math.max(most, Math.abs(out[i + 1] - out[i]));
        double ends = Math.abs(out[width - 1] - out[0]);
        for (int i = 0; i < 10; i++) {
            ends = Math.max(ends, Math.max(Math.abs(out[i + 1] - out[i]), Math.abs(out[width - 1 - i] - out[width - 2 - i])));
        }
        return new double[] {ends, most};
    }

    private static Tensor blurred(Tensor x) {
        int h = x.size(1), w = x.size(2);
        float[] in = x.toFloats(), out = new float[in.length];
        for (int i = 0; i < out.length; i++) {
            for (int d = -4; d <= 4; d++) if (i % w + d >= 0 && i % w + d < w) out[i] += in[i + d] / 9;
        }
        return Tensor.of(out, 1, h, w, 1);
    }

    @Test void gridsGoRound() {
        TileGrid small = TileGrid.of(8, 6, 16, 16, 0.5, Wrap.X), large = TileGrid.of(40, 40, 16, 16, 0.5, Wrap.XY);
        assertThat(small.tiles()).containsExactly(new TileGrid.Tile(0, 0), new TileGrid.Tile(0, 3));
        assertThat(large.tiles()).hasSize(25).contains(new TileGrid.Tile(32, 32));
        try (Scope _ = Scope.open()) {
            Tensor x = Tensor.of(Rng.cpu(2).randn(40 * 40 * 2), 1, 40, 40, 2);
            List<Tensor> parts = new ArrayList<>();
            for (TileGrid.Tile t : large.tiles()) parts.add(large.cut(x, t));
            assertThat(parts.getLast().toFloats()[2 * (8 * 16 + 8)]).as("behind the last row and column come the first").isEqualTo(x.toFloats()[0]);
            Fixtures.assertClose("merged", large.merge(parts).toFloats(), x.toFloats(), 2e-6);
        }
    }
}
