package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/**
 * Rows of x {@code [..., K]} as F8_E4M3 numbers times a scale of each row, so that its largest magnitude becomes 448, the largest number of the type:
 * bytes {@code [rows * K + 4 * rows]}, the numbers and behind them the scales in F32. For kernels that multiply such rows.
 */
public record RoundRowsOp() implements Op {
    private static final float LARGEST = 448;

    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 1, 1);
        require(in[0].rank() >= 1 && in[0].dtype().isFloating(), in, "takes numbers [..., K]");
        return Shape.of(Math.toIntExact(in[0].count() + DType.F32.bytes() * rows(in[0])));
    }

    @Override public DType dtype(Tensor[] in) { return DType.U8; }

    private static long rows(Tensor x) { return x.count() == 0 ? 0 : x.count() / x.size(-1); }

    /** The F8_E4M3 numbers {@code [rows, K]} of a result for x of {@code K} columns. */
    public static Tensor numbers(Tensor result, int columns) {
        long rows = result.count() / (columns + DType.F32.bytes());
        return new Tensor(result.storage(), result.offset(), Shape.of(Math.toIntExact(rows), columns), DType.F8_E4M3, null);
    }

    /** The F32 scales {@code [rows]} of a result for x of {@code K} columns. */
    public static Tensor scales(Tensor result, int columns) {
        Tensor numbers = numbers(result, columns);
        return new Tensor(result.storage(), result.offset() + numbers.bytes(), Shape.of(numbers.size(0)), DType.F32, null);
    }

    @Override public void reference(Tensor[] in, Tensor out) {
        Tensor x = in[0], one = Tensor.empty(Device.CPU, DType.F8_E4M3, Shape.of(1));
        int k = x.size(-1);
        long rows = rows(x);
        for (long r = 0; r < rows; r++) {
            float largest = 0;
            for (int i = 0; i < k; i++) if (Math.abs(x.get(r * k + i)) > largest) largest = Math.abs(x.get(r * k + i));
            float factor = largest > 0 ? LARGEST / largest : 0;
            for (int i = 0; i < k; i++) {
                one.set(0, x.get(r * k + i) * factor);
                out.set(r * k + i, one.segment().get(DType.BYTE, 0) & 0xff);
            }
            int scale = Float.floatToRawIntBits(largest / LARGEST);
            for (int i = 0; i < DType.F32.bytes(); i++) out.set(rows * k + DType.F32.bytes() * r + i, scale >> 8 * i & 0xff);
        }
    }

    /** What rows become by the rounding, F32 of x's shape in host memory. */
    public static Tensor rounded(Tensor x) {
        Tensor result = Tensor.empty(Device.CPU, DType.U8, new RoundRowsOp().shape(new Tensor[] {x}));
        new RoundRowsOp().reference(new Tensor[] {x}, result);
        int k = x.size(-1);
        return numbers(result, k).to(DType.F32).mul(scales(result, k).reshape(-1, 1)).reshape(x.shape().toArray());
    }
}
