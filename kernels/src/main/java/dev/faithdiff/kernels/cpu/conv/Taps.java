package dev.faithdiff.kernels.cpu.conv;

import dev.faithdiff.kernels.cpu.gemm.Matrix;
import dev.faithdiff.kernels.cpu.gemm.PackB;
import dev.faithdiff.kernels.cpu.gemm.Panels;
import dev.faithdiff.kernels.cpu.gemm.Rows;
import java.util.function.IntUnaryOperator;

/** A convolution's weight as one matrix for each tap, a position of the kernel: from input channels to output channels. */
interface Taps {
    /**
     * Writes a tap's values for input channels channel..channel+channels and outputs output..output+outputs as a panel: a row of
     * {@link Panels#WIDTH} values for each input channel, filled up with zeros.
     */
    void pack(int tap, int channel, int channels, int output, int outputs, long to);

    /** The taps of a weight [O, taps * I]. */
    static Taps of(Matrix weight, int in) {
        Rows rows = Rows.of(weight);
        return (tap, channel, channels, output, outputs, to) -> {
            Rows own = (row, count, k, depth, into) -> rows.pack(row, count, tap * in + channel + k, depth, into);
            PackB.transpose(own, output, outputs, channels, to);
        };
    }

    /** The taps of the transposed convolution for a weight [I, taps * O]. @param order the weight's tap for each of its taps */
    static Taps back(Matrix weight, int out, IntUnaryOperator order) {
        return (tap, channel, channels, output, outputs, to) -> {
            long first = weight.at(channel, order.applyAsInt(tap) * out);
            PackB.copy(new Matrix(first, weight.dtype(), channels, out, weight.stride()), output, outputs, to);
        };
    }
}
