package dev.faithdiff.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Replay;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;

/** Run by {@link StandInTest} in a separate JVM: a block such as the U-Net's in each type, op by op, as a graph, and on the CPU. */
final class StandInNetwork {
    static final int RUNS = 6;
    private static final int CHANNELS = 32;

    /** A resnet and a transformer in one, with biases, a norm of each kind and weights of another type. */
    private record Block(Tensor norm, Tensor conv, Tensor linear, Tensor gate, Tensor bias) {
        private static final Shape SQUARE = Shape.of(CHANNELS, CHANNELS);

        static Block of(Device device, DType dtype) {
            Random random = new Random(1);
            return new Block(drawn(random, device, dtype, CHANNELS), drawn(random, device, dtype, CHANNELS, 3, 3, CHANNELS),
                    drawn(random, device, DType.F8_E4M3, CHANNELS, CHANNELS), drawn(random, device, dtype, 2 * CHANNELS, CHANNELS),
                    drawn(random, device, dtype, CHANNELS));
        }

        Tensor forward(Tensor x) {
            try (Scope s = Scope.open()) {
                Tensor h = x.groupNormSilu(norm, bias, 8, 1e-5f).conv2dAdd(conv, bias, x, new Conv2dOp(1, 1, 1, 1, 1));
                Tensor t = h.reshape(h.size(0), -1, CHANNELS), q = t.layerNorm(norm, bias, 1e-5f).linear(linear, bias);
                t = q.attention(q, t, 2, false).linearAdd(linear, bias, t);
                int square = CHANNELS * CHANNELS;
                t = t.add(t.selfAttention(conv.view(0, SQUARE), conv.view(square, SQUARE), conv.view(2 * square, SQUARE), 2)); // they lie together
                t = t.linearGeglu(gate, null);
                t = t.reshape(x.shape().toArray());
                return s.keep(t.concat(3, x).upsample(10, 6).slice(3, 0, CHANNELS).add(t.upsampleConv2d(conv, bias)));
            }
        }
    }

    private StandInNetwork() {}

    /** @param arguments an empty folder */
    public static void main(String[] arguments) throws IOException {
        Device device = StandIn.open(Path.of(arguments[0]));
        for (DType dtype : new DType[] {DType.F32, DType.F16, DType.BF16}) check(device, dtype);
    }

    private static void check(Device device, DType dtype) {
        double allowed = switch (dtype) {
            case F32 -> 1e-5;
            case F16 -> 0x1p-8;
            default -> 0x1p-5;
        };
        try (Scope _ = Scope.open()) {
            Block block = Block.of(device, dtype), host = Block.of(Device.CPU, dtype);
            int runs = dtype == DType.BF16 ? 1 : RUNS;
            try (Replay replay = device.replay(in -> block.forward(in[0]))) {
                for (int i = 0; i < runs; i++) {
                    try (Scope _ = Scope.open()) {
                        Tensor x = drawn(new Random(10 + i), device, dtype, 2, 5, 3, CHANNELS);
                        float[] plain = block.forward(x).toFloats(), repeated = replay.run(x).toFloats();
                        assertThat(repeated).as("run " + i).isEqualTo(plain);
                        close(dtype + " run " + i, plain, host.forward(x.to(Device.CPU)).toFloats(), allowed);
                    }
                }
            }
        }
    }

    private static void close(String what, float[] actual, float[] expected, double relative) {
        double largest = 0, worst = 0;
        for (int i = 0; i < expected.length; i++) {
            largest = Math.max(largest, Math.abs(expected[i]));
            worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
        }
        System.out.printf("%s: off by %.2g of the largest value%n", what, worst / largest);
        assertThat(worst).as(what).isLessThanOrEqualTo(relative * largest);
    }

    private static Tensor drawn(Random random, Device device, DType dtype, int... sizes) {
        int count = 1;
        for (int s : sizes) count *= s;
        float[] v = new float[count];
        for (int i = 0; i < count; i++) v[i] = (float) random.nextGaussian() / (float) Math.sqrt(sizes.length == 1 ? 4 : count / sizes[0]);
        try (Scope s = Scope.open()) {
            return s.keep(Tensor.of(v, sizes).to(dtype).to(device));
        }
    }
}
