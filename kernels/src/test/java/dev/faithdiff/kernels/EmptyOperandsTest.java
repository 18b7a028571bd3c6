package dev.faithdiff.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.ConcatOp;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.GroupNormOp;
import dev.faithdiff.tensor.op.GroupedLinearOp;
import dev.faithdiff.tensor.op.LayerNormOp;
import dev.faithdiff.tensor.op.LinearAddOp;
import dev.faithdiff.tensor.op.LinearOp;
import dev.faithdiff.tensor.op.MatmulOp;
import dev.faithdiff.tensor.op.Op;
import dev.faithdiff.tensor.op.QuantizedLinearOp;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is computed of operands without elements. */
class EmptyOperandsTest {
    @Test void sumsOfNothingAreZeroOrTheBias() {
        gives(0, new LinearOp(), ones(11, 0), ones(9, 0));
        gives(1, new LinearOp(), ones(11, 0), ones(9, 0), ones(9));
        gives(1, new LinearAddOp(), ones(11, 0), ones(9, 0), ones(11, 9));
        gives(1, new QuantizedLinearOp(), ones(11, 0), of(DType.I8, 9, 0), ones(9), ones(9));
        gives(1, new GroupedLinearOp(), ones(3, 0), of(DType.U8, 9, 0), of(DType.F16, 9, 0), ones(9));
        gives(0, new MatmulOp(true, false), ones(2, 0, 11), ones(2, 0, 9));
        gives(1, new Conv2dOp(1, 1, 1, 1, 1), ones(1, 5, 5, 0), ones(7, 3, 3, 0), ones(7));
        gives(1, new ConcatOp(1), ones(3, 0, 5), ones(3, 2, 5));
    }

    @Test void gradientsOfNothingAreZero() {
        Conv2dOp padded = new Conv2dOp(1, 2, 2, 1, 1);
        gives(0, new Conv2dOp.WeightGrad(padded, 3, 3), ones(1, 2, 5, 8), ones(1, 0, 5, 4));
        gives(0, new Conv2dOp.WeightGrad(padded, 3, 3), ones(0, 7, 5, 8), ones(0, 5, 5, 4));
        gives(0, new Conv2dOp.InputGrad(padded, 5, 5), ones(1, 7, 5, 0), ones(0, 3, 3, 4));
        gives(0, new GroupNormOp.Grad(new GroupNormOp(2, 1e-5f, true)), ones(2, 0, 3, 8), ones(8), ones(8), ones(2, 0, 3, 8));
        gives(0, new LayerNormOp.Grad(1e-5f, 1), ones(0, 8), ones(8), ones(0, 8));
    }

    private static void gives(float value, Op op, Operand... operands) {
        try (Scope _ = Scope.open()) {
            Tensor[] in = Stream.of(operands).map(o -> Tensor.full(Device.CPU, o.dtype(), o.shape(), 1)).toArray(Tensor[]::new);
            assertThat(Engine.run(op, in).toFloats()).as(op.name()).isNotEmpty().containsOnly(value);
        }
    }

    private record Operand(DType dtype, Shape shape) {}

    private static Operand ones(int... sizes) { return of(DType.F32, sizes); }

    private static Operand of(DType dtype, int... sizes) { return new Operand(dtype, Shape.of(sizes)); }
}
