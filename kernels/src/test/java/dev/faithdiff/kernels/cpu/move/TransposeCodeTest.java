package dev.faithdiff.kernels.cpu.move;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.faithdiff.kernels.cpu.Against;
import dev.faithdiff.kernels.cpu.emit.CpuFeature;
import dev.faithdiff.kernels.cpu.emit.VectorCode;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.op.PermuteOp;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TransposeCodeTest {
    @ParameterizedTest @ValueSource(ints = {256, 512}) void routinesCanBeWritten(int bits) {
        assumeTrue(CpuFeature.AVX2.isHere(), CpuFeature.line());
        TransposeCode.squares(new VectorCode(bits));
        TransposeCode.ints(new VectorCode(bits));
    }

    @Test void transposesLikeTheReference() {
        try (Scope _ = Scope.open()) {
            for (int[] size : new int[][] {{16, 16}, {37, 53}, {64, 3}, {1, 40}, {70, 32}}) {
                Against.reference(0, new PermuteCopy(), new PermuteOp(1, 0), Against.normal(0, 1, size));
            }
            Against.reference(0, new PermuteCopy(), new PermuteOp(0, 2, 1, 3), Against.normal(0, 1, 2, 19, 23, 1));
        }
    }
}
