package dev.faithdiff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.restore.diffusion.TiledVae;
import dev.faithdiff.restore.tiles.TileSink;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * How far the default model's decoding in small tiles is from decoding the whole, in 8-bit levels. As published, each tile has its own
 * GroupNorm statistics, and colours move; tiles that share the statistics of a sample stay nearer.
 */
@Tag("full")
class SeamTest {
    private static final Path HOME = Path.of(System.getProperty("faithdiff.home"));
    private static final int SIDE = 192, TILE = 128;
    /** Zero padding at an image's edge reaches this far, in pixels. */
    private static final int EDGE = 8;

    /** Mean difference, and the largest step from one column's mean difference to the next: a seam would be one. */
    private record Seams(double difference, double step) {}

    @Test void gradient() {
        byte[] rgb = new byte[3 * SIDE * SIDE];
        for (int i = 0; i < SIDE * SIDE; i++) {
            int x = i % SIDE, y = i / SIDE;
            rgb[3 * i] = (byte) (40 + 170 * x / SIDE);
            rgb[3 * i + 1] = (byte) (60 + 120 * y / SIDE);
            rgb[3 * i + 2] = (byte) (200 - 40 * (x + y) / SIDE);
        }
        check(9, 0.8, Image.of(SIDE, SIDE, rgb));
    }

    @Test void photo() {
        check(4, 0.8, ImageFiles.read(HOME.resolve("samples/astronaut.png")).crop(160, 32, SIDE, SIDE));
    }

    /** Measured: of the gradient 30 and 7.2 levels as published, 8.8 and 0.5 with shared statistics; of the photo 7.7 and 2.1, 3.0 and 0.5. */
    private static void check(double difference, double step, Image in) {
        try (Model model = Model.open(HOME.resolve("models/faithdiff-mini"), Device.CPU); Scope _ = Scope.open()) {
            Tensor x = in.toTensor();
            Tensor z = Vae.Gaussian.of(model.vae.encode(x)).mean().mul(model.vae.config().scaling());
            Tensor whole = decode(model, 0, Long.MAX_VALUE, z);
            Seams published = seams(whole, decode(model, TILE, Long.MAX_VALUE, z));
            Seams shared = seams(whole, decode(model, 0, model.vae.config().decodeBytes() * TILE * TILE, z));
            assertThat(shared.difference).isLessThan(difference).isLessThan(published.difference / 2);
            assertThat(shared.step).isLessThan(step).isLessThan(published.step / 2);
        }
    }

    private static Tensor decode(Model model, int tile, long bytes, Tensor z) {
        Tensor image = Tensor.empty(Device.CPU, DType.F32, Shape.of(1, SIDE, SIDE, 3));
        new TiledVae(model.vae, model.device, model.dtype, tile, bytes).decode(z, TileSink.into(image));
        return image;
    }

    private static Seams seams(Tensor whole, Tensor tiled) {
        float[] a = whole.toFloats(), b = tiled.toFloats();
        double difference = 0, step = 0;
        double[][] columns = new double[SIDE][3];
        for (int i = 0; i < a.length; i++) {
            double d = 127.5 * (b[i] - a[i]);
            difference += Math.abs(d) / a.length;
            columns[i / 3 % SIDE][i % 3] += d / SIDE;
        }
        for (int x = EDGE + 1; x < SIDE - EDGE; x++) {
            for (int c = 0; c < 3; c++) step = Math.max(step, Math.abs(columns[x][c] - columns[x - 1][c]));
        }
        return new Seams(difference, step);
    }
}
