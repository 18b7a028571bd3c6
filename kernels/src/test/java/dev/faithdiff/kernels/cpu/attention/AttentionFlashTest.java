package dev.faithdiff.kernels.cpu.attention;

import static dev.faithdiff.kernels.cpu.Against.normal;
import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.kernels.cpu.Against;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;
import dev.faithdiff.tensor.op.Engine;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("full")
class AttentionFlashTest {
    private final AttentionFlash kernel = new AttentionFlash();

    @ParameterizedTest
    @CsvSource({"1,1,1,1,1,1", "2,3,5,7,8,8", "1,2,77,77,40,40", "1,1,49,131,20,13", "1,1,17,1,64,64", "1,1,1,1000,64,64", "2,5,48,128,64,64",
            "1,1,50,260,512,512", "1,2,97,257,80,64", "1,1,200,300,32,20", "1,1,300,200,16,128"})
    void agreesWithTheReference(int batch, int heads, int queries, int keys, int d, int e) {
        for (boolean causal : new boolean[] {false, true}) {
            try (Scope _ = Scope.open()) {
                Tensor q = normal(0, 1, batch, queries, heads * d), k = normal(0, 1, batch, keys, heads * d);
                Tensor v = normal(0, 1, batch, keys, heads * e);
                Against.reference(2e-6, kernel, new AttentionOp(heads, causal), q, k, v);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1,1,1,1,1,1", "2,3,5,7,8,8", "1,2,77,77,40,40", "1,1,49,131,20,13", "1,1,500,77,16,16", "1,1,77,500,16,20", "1,1,400,450,8,8"})
    void gradientsAgreeWithTheReference(int batch, int heads, int queries, int keys, int d, int e) {
        for (boolean causal : new boolean[] {false, true}) {
            try (Scope _ = Scope.open()) {
                Tensor q = normal(0, 1, batch, queries, heads * d), k = normal(0, 1, batch, keys, heads * d);
                Tensor v = normal(0, 1, batch, keys, heads * e), grad = normal(0, 1, batch, queries, heads * e);
                Against.reference(5e-6, new AttentionGradFlash(), new AttentionOp.Grad(new AttentionOp(heads, causal)), q, k, v, grad);
            }
        }
    }

    @Test void largeLogitsNeitherOverflowNorLoseTheRest() {
        try (Scope _ = Scope.open()) { // one component: scores are exact products up to +-160
            Against.reference(2e-5, kernel, new AttentionOp(1, false), normal(0, 8, 1, 60, 1), normal(0, 5, 1, 200, 1), normal(0, 1, 1, 200, 3));
            Against.reference(2e-5, kernel, new AttentionOp(1, true), normal(0, 8, 1, 60, 1), normal(0, 5, 1, 200, 1), normal(0, 1, 1, 200, 3));
        }
    }

    @Test void equalKeysAverageAndZeroValuesGiveZero() {
        try (Scope _ = Scope.open()) {
            Tensor q = normal(0, 1, 1, 100, 40), zeros = Tensor.zeros(Device.CPU, DType.F32, Shape.of(1, 77, 40));
            assertThat(Engine.run(kernel, new AttentionOp(1, false), q, zeros, zeros).toFloats()).containsOnly(0);
            Tensor ones = Tensor.full(Device.CPU, DType.F32, Shape.of(1, 77, 40), 1);
            assertThat(Engine.run(kernel, new AttentionOp(1, false), q, zeros, ones).toFloats()).containsOnly(1);
            Against.reference(1e-6, kernel, new AttentionOp(2, false), q, ones, normal(0, 1, 1, 77, 40));
        }
    }

    /** Whether an infinity made them so or a bias that hides every key. */
    @Test void aQueryWhoseScoresAreAllMinusInfinityGivesNaN() {
        AttentionOp op = new AttentionOp(1, false);
        float hidden = Float.NEGATIVE_INFINITY;
        try (Scope _ = Scope.open()) {
            Tensor q = Tensor.of(new float[] {1, 2, hidden}, 1, 3, 1);
            Tensor k = Tensor.of(new float[] {3, 4}, 1, 2, 1), v = Tensor.of(new float[] {5, 7}, 1, 2, 1);
            Tensor bias = Tensor.of(new float[] {0, hidden, hidden, hidden, 0, 0}, 1, 1, 3, 2);
            assertThat(Engine.run(kernel, op, q, k, v, bias).toFloats()).containsExactly(5, Float.NaN, Float.NaN);
            Tensor grad = Tensor.of(new float[] {1, 1, 1}, 1, 3, 1);
            Tensor slopes = Engine.run(new AttentionGradFlash(), new AttentionOp.Grad(op), q, k, v, grad, bias);
            assertThat(slopes.get(0)).isFinite();
            assertThat(AttentionOp.Grad.part(slopes, new Tensor[] {q, k, v}, 0).slice(1, 1, 3).toFloats()).containsOnly(Float.NaN);
        }
    }
}
