package dev.faithdiff.kernels.cpu.conv;

import dev.faithdiff.kernels.cpu.gemm.Matrix;
import dev.faithdiff.kernels.cpu.gemm.PackB;
import dev.faithdiff.kernels.cpu.gemm.Panels;
import dev.faithdiff.kernels.cpu.gemm.Rows;
import java.util.function.IntUnaryOperator;

/** A convolution's weight by position of its kernel: each tap is a matrix from the channels that come in to those that go out. */
interface Taps {
    /**
     * Writes the numbers from channels channel..channel+channels to outputs output..output+outputs as rows of a panel, each
     * {@link Panels#WIDTH} long; missing outputs are zero.
     */
    void pack(int tap, int channel, int channels, int output, int outputs, long to);

    /** Those of a weight [O, taps * I]. */
    static Taps of(Matrix weight, int in) {
        Rows rows = Rows.of(weight);
        return (tap, channel, channels, output, outputs, to) -> {
            Rows own = (row, count, k, depth, into) -> rows.pack(row, count, tap * in + channel + k, depth, into);
            PackB.turn(own, output, outputs, channels, to);
        };
    }

    /** The way back through a weight [I, taps * O], whose tap of a number is the one that {@code order} gives. */
    static Taps back(Matrix weight, int out, IntUnaryOperator order) {
        return (tap, channel, channels, output, outputs, to) -> {
            long first = weight.at(channel, order.applyAsInt(tap) * out);
            PackB.copy(new Matrix(first, weight.dtype(), channels, out, weight.stride()), output, outputs, to);
        };
    }
}
