package dev.faithdiff.kernels.cpu.gemm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.faithdiff.kernels.cpu.VecCode;
import dev.faithdiff.kernels.cpu.emit.CpuFeature;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.GroupedLinearOp;
import org.junit.jupiter.api.Test;

/** Layers whose weight is in groups and whose activations are rounded to bytes, with numbers that other cases do not have. */
class GroupedInt8Test {
    private static final int GROUPS = 11, N = 5;

    @Test void asMachineCode() {
        assumeTrue(VecCode.isHere(), CpuFeature.line());
        check(new GroupedLinearInt8Emitted());
    }

    @Test void onTheVectorApi() { check(new GroupedLinearInt8Vector()); }

    /** Rows of the greatest products of each sign, of ties, of a NaN, of an infinity, and of numbers that count as zeros. */
    private static void check(GroupedInt8 kernel) {
        for (DType type : new DType[] {DType.I8, DType.U8}) {
            for (float odd : new float[] {254, 0, Float.NaN, Float.NEGATIVE_INFINITY, 0x1p-101f}) {
                try (Scope _ = Scope.open()) {
                    Tensor x = Tensor.empty(Device.CPU, DType.F32, Shape.of(2, 32 * GROUPS));
                    for (int i = 0; i < x.count(); i++) x.set(i, odd == 0 ? tie(i) : odd == 0x1p-101f ? odd : i % 64 < 40 ? 254 : -254);
                    if (odd != 0) x.set(40, odd);
                    Tensor w = Tensor.empty(Device.CPU, type, Shape.of(N, 32 * GROUPS / (type == DType.U8 ? 2 : 1)));
                    for (int i = 0; i < w.count(); i++) {
                        w.set(i, i / w.size(1) % 2 == 0 ? type == DType.U8 ? 0x88 : -128 : type == DType.U8 ? 0x77 : 127);
                    }
                    Tensor scales = Tensor.empty(Device.CPU, DType.F16, Shape.of(N, GROUPS));
                    for (int i = 0; i < scales.count(); i++) scales.set(i, 0.5);
                    Tensor out = Tensor.empty(Device.CPU, DType.F32, Shape.of(2, N));
                    kernel.run(new GroupedLinearOp(), new Tensor[] {x, w, scales}, out);
                    for (int i = 0; i < 2 * N; i++) {
                        double number = GroupedLinearOp.number(w, i % N, 0); // of each row the least or the greatest one that there is
                        String what = type + " by " + odd + ", result " + i;
                        if (Float.isFinite(odd) || i >= N) assertThat(out.get(i)).as(what).isEqualTo((float) (number / 2 * sum(x, i / N)));
                        else assertThat(out.get(i)).as(what).isNaN();
                    }
                }
            }
        }
    }

    /** Of a group whose step is 1: numbers between two whole ones. */
    private static float tie(int i) { return i % 32 == 0 ? 127 : i % 32 - 15.5f; }

    /** The sum of a row of x, rounded. */
    private static double sum(Tensor x, int row) {
        double sum = 0;
        for (int i = 0; i < 32 * GROUPS; i++) {
            double v = x.get((long) row * 32 * GROUPS + i);
            sum += Math.abs(v) < 0x1p-100 ? 0 : Math.rint(v);
        }
        return sum;
    }
}
