package dev.faithdiff.kernels.cpu.norm;

import static dev.faithdiff.kernels.cpu.Against.normal;

import dev.faithdiff.kernels.cpu.Against;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GroupNormOp;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.LayerNormOp;
import dev.faithdiff.tensor.op.Op;
import dev.faithdiff.tensor.op.SoftmaxOp;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("full")
class NormVectorTest {
    @ParameterizedTest
    @CsvSource({"1,1,1,1", "1,2,4,2", "2,30,64,32", "1,63,24,8", "3,7,5,5", "1,101,13,1", "2,1000,32,32",
            "1,5000,37,1", "1,300,320,32", "1,17,1283,1"})
    void groupNorm(int batch, int pixels, int channels, int groups) {
        for (double mean : new double[] {0, 1000}) {
            for (boolean silu : new boolean[] {false, true}) {
                try (Scope _ = Scope.open()) {
                    Tensor x = normal(mean, 1, batch, pixels, channels);
                    x.set(0, 0); // far off, as padding would be
                    Tensor weight = normal(1, 1, channels), bias = normal(0, 1, channels);
                    both(2e-6, new GroupNormVector(), new GroupNormEmitted(), new GroupNormOp(groups, 1e-5f, silu), x, weight, bias);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 10, 33, 48, 640, 2053})
    void layerNorm(int n) {
        for (double mean : new double[] {0, 1000}) {
            try (Scope _ = Scope.open()) {
                both(2e-6, new LayerNormVector(), new LayerNormEmitted(), new LayerNormOp(1e-5f),
                        normal(mean, 1, 19, n), normal(1, 1, n), normal(0, 1, n));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1,6,4,2", "2,30,64,32", "3,7,5,5", "1,101,13,1", "2,1000,32,8", "1,3000,37,1", "1,300,320,32"})
    void gradients(int batch, int pixels, int channels, int groups) {
        for (double mean : new double[] {0, 100}) {
            try (Scope _ = Scope.open()) {
                Tensor x = normal(mean, 1, batch, pixels, channels), grad = normal(0, 1, batch, pixels, channels);
                Tensor weight = normal(1, 1, channels), bias = normal(0, 1, channels);
                for (boolean silu : new boolean[] {false, true}) {
                    GroupNormOp.Grad op = new GroupNormOp.Grad(new GroupNormOp(groups, 1e-5f, silu));
                    Against.reference(5e-6, new GroupNormGradVector(), op, x, weight, bias, grad);
                }
                for (int operand = 0; operand < 2; operand++) {
                    Against.reference(5e-6, new LayerNormGradVector(), new LayerNormOp.Grad(1e-5f, operand), x, weight, grad);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"F16", "BF16", "F8_E4M3"})
    void weightsMayBeNarrow(DType dtype) {
        try (Scope _ = Scope.open()) {
            Tensor x = normal(0, 1, 3, 5, 40), weight = normal(dtype, 1, 1, 40), bias = normal(dtype, 0, 1, 40);
            both(2e-6, new GroupNormVector(), new GroupNormEmitted(), new GroupNormOp(8, 1e-5f, false), x, weight, bias);
            both(2e-6, new LayerNormVector(), new LayerNormEmitted(), new LayerNormOp(1e-5f), x, weight, bias);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 16, 77, 1000})
    void softmax(int n) {
        try (Scope _ = Scope.open()) {
            both(1e-6, new SoftmaxVector(), new SoftmaxEmitted(), new SoftmaxOp(), normal(0, 1, 19, n));
            both(1e-6, new SoftmaxVector(), new SoftmaxEmitted(), new SoftmaxOp(), normal(0, 40, 19, n));
        }
    }

    /** The emitted kernel is left out where it refuses. */
    private static <O extends Op> void both(double tolerance, Kernel<O> vector, Kernel<O> emitted, O op, Tensor... in) {
        Against.reference(tolerance, vector, op, in);
        if (emitted.refuses(op, in) == null) Against.reference(tolerance, emitted, op, in);
    }
}
