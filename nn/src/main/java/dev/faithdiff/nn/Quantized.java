package dev.faithdiff.nn;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * A matrix of signed bytes with a scale for each row, so that the largest number of a row is 127 or -127 times its scale; or one in {@link Groups}.
 *
 * @param values I8 {@code [N, K]}, or U8 {@code [N, K/2]}
 * @param scales F32 {@code [N]}, or F16 {@code [N, K/32]} of groups
 */
public record Quantized(Tensor values, Tensor scales) {
    private static final float LARGEST = 127;

    /** A matrix in host memory, or in what stands in for it, rounded to the nearest bytes, in the current scope. */
    static Quantized of(Tensor matrix) {
        int rows = matrix.size(0), columns = matrix.size(1);
        try (Scope s = Scope.open()) {
            Device on = matrix.device();
            Tensor floats = matrix.to(DType.F32);
            Tensor values = Tensor.empty(on, DType.I8, matrix.shape()), scales = Tensor.empty(on, DType.F32, Shape.of(rows));
            if (!on.computes()) return new Quantized(s.keep(values), s.keep(scales));
            MemorySegment wide = floats.segment();
            float[] row = new float[columns];
            byte[] bytes = new byte[columns];
            for (int r = 0; r < rows; r++) {
                MemorySegment.copy(wide, DType.FLOAT, 4L * r * columns, row, 0, columns);
                float scale = largest(row) / LARGEST;
                scales.set(r, scale);
                round(row, scale == 0 ? 0 : 1 / scale, bytes);
                MemorySegment.copy(bytes, 0, values.segment(), DType.BYTE, (long) r * columns, columns);
            }
            return new Quantized(s.keep(values), s.keep(scales));
        }
    }

    /** What it stands for, F32 {@code [N, K]}. */
    public Tensor wide() { return scales.rank() == 2 ? Groups.wide(this) : values.to(DType.F32).mul(scales.reshape(-1, 1)); }

    private static float largest(float[] row) {
        float largest = 0;
        for (float v : row) largest = Math.max(largest, Math.abs(v));
        return largest;
    }

    /** Rounds to nearest by cutting off positive numbers, which takes vectors where Math.round does not. */
    private static void round(float[] row, float factor, byte[] to) {
        for (int i = 0; i < row.length; i++) to[i] = (byte) ((int) (row[i] * factor + 128.5f) - 128);
    }
}
