package dev.faithdiff.kernels.cpu.conv;

import dev.faithdiff.kernels.cpu.Against;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import org.junit.jupiter.api.Test;

class Conv2dWinogradTest {
    private static final Conv2dOp SAME = new Conv2dOp(1, 1, 1, 1, 1);

    /** Against the direct kernel, with more tiles than a chunk and a block, and more channels than a part. */
    @Test void chunksBlocksAndParts() {
        agrees(SAME, 1, 78, 85, 208, 48);
        agrees(SAME, 3, 41, 37, 112, 80);
        agrees(new Conv2dOp(1, 0, 2, 1, 0), 2, 16, 47, 336, 16);
    }

    private static void agrees(Conv2dOp op, int batch, int height, int width, int in, int out) {
        try (Scope _ = Scope.open()) {
            Tensor[] operands = {Against.normal(0.3, 1, batch, height, width, in), Against.normal(0, 1, out, 3, 3, in), Against.normal(0, 1, out)};
            Against.direct(5e-6, new Conv2dImplicitGemm(), new Conv2dWinograd(), op, operands);
        }
    }

    @Test void refusesWhatItDoesNotTakeOrWin() { Against.winogradRefusals(16, Conv2dWinogradTest::refusal); }

    private static String refusal(Conv2dOp op, DType dtype, int side, int in, int out, int kernel) {
        return Against.refusal(new Conv2dWinograd(), op, dtype, new int[] {1, side, side, in}, new int[] {out, kernel, kernel, in});
    }
}
