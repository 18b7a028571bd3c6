package dev.faithdiff.kernels.cpu.conv;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.kernels.cpu.Against;
import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Kernel;
import java.util.List;
import org.junit.jupiter.api.Test;

class Conv2dWinogradTest {
    private static final Conv2dOp SAME = new Conv2dOp(1, 1, 1, 1, 1);

    /** Against the direct kernel, with more tiles than a chunk and a block, and more channels than a part. */
    @Test void chunksBlocksAndParts() {
        agrees(SAME, 1, 78, 85, 208, 48);
        agrees(SAME, 3, 41, 37, 112, 80);
        agrees(new Conv2dOp(1, 0, 2, 1, 0), 2, 16, 47, 336, 16);
    }

    /** So many tiles that tasks take whole blocks of them: against the direct kernel, and to the bits of a part of the map, which has few. */
    @Test void manyTiles() {
        int side = 4 * (int) Math.ceil(Math.sqrt(48 * 8 * Parallel.threads())) + 3;
        agrees(SAME, 1, side, side + 2, 64, 48);
        agrees(new Conv2dOp(1, 0, 2, 1, 0), 1, side + 4, side, 208, 16);
        for (Kernel<Conv2dOp> kernel : List.of(new Conv2dWinograd(), new Conv2dWinogradBf16())) {
            for (int in : new int[] {48, 208}) partAgrees(kernel, side, in);
        }
    }

    private static void partAgrees(Kernel<Conv2dOp> kernel, int side, int in) {
        try (Scope _ = Scope.open()) {
            Tensor x = Against.normal(0.3, 1, 1, side, side, in), w = Against.normal(0, 1, 32, 3, 3, in);
            Tensor whole = Engine.run(kernel, SAME, x, w), part = Engine.run(kernel, SAME, x.slice(1, 0, 24), w);
            assertThat(part.slice(1, 0, 20).toFloats()).isEqualTo(whole.slice(1, 0, 20).toFloats());
        }
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
