package dev.faithdiff.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Kernel;
import org.junit.jupiter.api.Test;

class Conv2dWeightGradWinogradTest {
    private static final Conv2dOp SAME = new Conv2dOp(1, 1, 1, 1, 1);

    /** More tiles than a chunk takes, more channels than a part, more outputs than a group and than are taken at a time: against the direct kernel. */
    @Test void chunksPartsGroupsAndTurns() {
        agrees(SAME, 1, 78, 85, 208, 48);
        agrees(SAME, 3, 41, 37, 32, 176);
        agrees(new Conv2dOp(1, 0, 2, 1, 0), 2, 16, 47, 336, 416);
    }

    @Test void isTheSameOnEveryThreadCount() {
        try (Scope s = Scope.open()) {
            Tensor[] in = operands(SAME, 2, 33, 30, 48, 80);
            float[][] one = new float[1][];
            Parallel.run(2, i -> {
                if (i == 0) one[0] = run(new Conv2dWeightGradWinograd(), SAME, in);
            });
            assertThat(one[0]).isEqualTo(run(new Conv2dWeightGradWinograd(), SAME, in));
        }
    }

    private static void agrees(Conv2dOp op, int batch, int height, int width, int in, int out) {
        try (Scope s = Scope.open()) {
            Tensor[] operands = operands(op, batch, height, width, in, out);
            float[] expected = run(new Conv2dWeightGradColumns(), op, operands), actual = run(new Conv2dWeightGradWinograd(), op, operands);
            double largest = 0, error = 0;
            for (int i = 0; i < expected.length; i++) {
                largest = Math.max(largest, Math.abs(expected[i]));
                error = Math.max(error, Math.abs(actual[i] - expected[i]));
            }
            assertThat(error).as(op + " of the largest value " + largest).isLessThan(5e-6 * largest);
        }
    }

    private static Tensor[] operands(Conv2dOp op, int batch, int height, int width, int in, int out) {
        int down = height + op.top() + op.bottom() - 2, across = width + op.left() + op.right() - 2;
        return new Tensor[] {Against.normal(0, 1, batch, down, across, out), Against.normal(0.3, 1, batch, height, width, in)};
    }

    private static float[] run(Kernel<Conv2dOp.WeightGrad> kernel, Conv2dOp op, Tensor[] in) {
        try (Scope s = Scope.open()) {
            return Engine.run(kernel, new Conv2dOp.WeightGrad(op, 3, 3), in).toFloats();
        }
    }

    @Test void refusesWhatItDoesNotTakeOrWin() {
        assertThat(refusal(SAME, DType.F32, 64, 320, 320, 3)).isNull();
        assertThat(refusal(SAME, DType.F32, 32, 1280, 1280, 3)).isNull();
        assertThat(refusal(SAME, DType.F32, 16, 1280, 1280, 3)).contains("too few pixels");
        assertThat(refusal(SAME, DType.F32, 64, 6, 320, 3)).contains("whole vectors");
        assertThat(refusal(SAME, DType.F32, 64, 320, 6, 3)).contains("whole vectors");
        assertThat(refusal(SAME, DType.F16, 64, 320, 320, 3)).contains("F32");
        assertThat(refusal(SAME, DType.F32, 64, 32, 32, 1)).contains("3x3");
        assertThat(refusal(new Conv2dOp(2, 1, 1, 1, 1), DType.F32, 64, 32, 32, 3)).contains("stride 1");
    }

    private static String refusal(Conv2dOp op, DType dtype, int side, int in, int out, int kernel) {
        try (Scope s = Scope.open()) {
            Tensor grad = Tensor.empty(Device.CPU, dtype, Shape.of(1, side, side, out)), x = Tensor.empty(Device.CPU, dtype, Shape.of(1, side, side, in));
            return new Conv2dWeightGradWinograd().refuses(new Conv2dOp.WeightGrad(op, kernel, kernel), new Tensor[] {grad, x});
        }
    }
}
