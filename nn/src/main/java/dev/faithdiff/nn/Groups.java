package dev.faithdiff.nn;

import static dev.faithdiff.tensor.op.GroupedLinearOp.GROUP;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GroupedLinearOp;
import java.lang.foreign.MemorySegment;

/**
 * Matrices of 8 or 4 bits in groups of 32 neighbours of a row that share an F16 scale, as {@link GroupedLinearOp} takes them. A file holds the
 * numbers under the weight's own name and the scales under that name and {@link #SCALES}.
 */
public final class Groups {
    /** The ending of the scales' name. */
    public static final String SCALES = "_scales";

    private Groups() {}

    /** Whether rows of a length are whole groups. */
    public static boolean fit(int columns) { return columns % GROUP == 0; }

    /** The shape of the numbers. */
    public static Shape numbers(Shape matrix, int bits) { return Shape.of(matrix.size(0), matrix.size(1) * bits / 8); }

    /** The shape of the scales. */
    public static Shape scales(Shape matrix) { return Shape.of(matrix.size(0), matrix.size(1) / GROUP); }

    /** The type of the numbers. */
    public static DType type(int bits) { return bits == 4 ? DType.U8 : DType.I8; }

    /**
     * A matrix rounded to groups, in the current scope. The number of greatest magnitude of a group becomes -8 times the scale in 4 bits, and 127 or
     * -127 times it in 8.
     *
     * @param matrix of whole groups, in host memory @param bits 8 or 4
     */
    public static Quantized of(Tensor matrix, int bits) {
        int rows = matrix.size(0), columns = matrix.size(1);
        try (Scope s = Scope.open()) {
            MemorySegment wide = matrix.to(DType.F32).segment();
            Tensor values = Tensor.empty(Device.CPU, type(bits), numbers(matrix.shape(), bits));
            Tensor scales = Tensor.empty(Device.CPU, DType.F16, scales(matrix.shape()));
            float[] group = new float[GROUP];
            byte[] bytes = new byte[GROUP];
            for (long g = 0; g < (long) rows * columns / GROUP; g++) {
                MemorySegment.copy(wide, DType.FLOAT, 4 * GROUP * g, group, 0, GROUP);
                short scale = Float.floatToFloat16(scale(group, bits));
                scales.segment().set(DType.SHORT, 2 * g, scale);
                int count = round(group, Float.float16ToFloat(scale), bits, bytes);
                MemorySegment.copy(bytes, 0, values.segment(), DType.BYTE, count * g, count);
            }
            return new Quantized(s.keep(values), s.keep(scales));
        }
    }

    private static float scale(float[] group, int bits) {
        float greatest = 0;
        for (float v : group) if (Math.abs(v) > Math.abs(greatest)) greatest = v;
        return bits == 4 ? greatest / -8 : Math.abs(greatest) / 127;
    }

    /** Returns the number of bytes. */
    private static int round(float[] group, float scale, int bits, byte[] to) {
        int most = bits == 4 ? 7 : 127, least = bits == 4 ? -8 : -127;
        float factor = scale == 0 ? 0 : 1 / scale;
        for (int i = 0; i < GROUP; i++) to[i] = (byte) Math.clamp((int) Math.rint(group[i] * factor), least, most);
        if (bits == 8) return GROUP;
        for (int i = 0; i < GROUP / 2; i++) to[i] = (byte) (to[i] & 15 | to[i + GROUP / 2] << 4);
        return GROUP / 2;
    }

    /** What rounded numbers stand for, F32 {@code [N, K]} in host memory. */
    static Tensor wide(Quantized q) {
        int columns = GroupedLinearOp.columns(q.values()), rows = q.values().size(0);
        Tensor wide = Tensor.empty(Device.CPU, DType.F32, Shape.of(rows, columns));
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                float scale = q.scales().get((long) r * (columns / GROUP) + c / GROUP);
                wide.set((long) r * columns + c, GroupedLinearOp.number(q.values(), r, c) * scale);
            }
        }
        return wide;
    }
}
