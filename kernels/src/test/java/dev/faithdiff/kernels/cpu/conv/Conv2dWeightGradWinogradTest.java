package dev.faithdiff.kernels.cpu.conv;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.kernels.cpu.Against;
import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Engine;
import org.junit.jupiter.api.Test;

class Conv2dWeightGradWinogradTest {
    private static final Conv2dOp SAME = new Conv2dOp(1, 1, 1, 1, 1);

    /** Against the direct kernel, with more tiles than a chunk, channels than a part, and outputs than a group and than are done at a time. */
    @Test void chunksPartsGroupsAndTurns() {
        agrees(SAME, 1, 78, 85, 208, 48);
        agrees(SAME, 3, 41, 37, 32, 176);
        agrees(new Conv2dOp(1, 0, 2, 1, 0), 2, 16, 47, 336, 416);
    }

    @Test void isTheSameOnEveryThreadCount() {
        try (Scope _ = Scope.open()) {
            Tensor[] in = operands(SAME, 2, 33, 30, 48, 80);
            float[][] one = new float[1][];
            Parallel.run(2, i -> {
                if (i == 0) one[0] = run(in);
            });
            assertThat(one[0]).isEqualTo(run(in));
        }
    }

    private static void agrees(Conv2dOp op, int batch, int height, int width, int in, int out) {
        try (Scope _ = Scope.open()) {
            Against.direct(5e-6, new Conv2dWeightGradColumns(), new Conv2dWeightGradWinograd(), new Conv2dOp.WeightGrad(op, 3, 3),
                    operands(op, batch, height, width, in, out));
        }
    }

    private static Tensor[] operands(Conv2dOp op, int batch, int height, int width, int in, int out) {
        int down = height + op.top() + op.bottom() - 2, across = width + op.left() + op.right() - 2;
        return new Tensor[] {Against.normal(0, 1, batch, down, across, out), Against.normal(0.3, 1, batch, height, width, in)};
    }

    private static float[] run(Tensor[] in) {
        try (Scope _ = Scope.open()) {
            return Engine.run(new Conv2dWeightGradWinograd(), new Conv2dOp.WeightGrad(SAME, 3, 3), in).toFloats();
        }
    }

    @Test void refusesWhatItDoesNotTakeOrWin() { Against.winogradRefusals(32, Conv2dWeightGradWinogradTest::refusal); }

    private static String refusal(Conv2dOp op, DType dtype, int side, int in, int out, int kernel) {
        return Against.refusal(new Conv2dWeightGradWinograd(), new Conv2dOp.WeightGrad(op, kernel, kernel), dtype, new int[] {1, side, side, out},
                new int[] {1, side, side, in});
    }
}
