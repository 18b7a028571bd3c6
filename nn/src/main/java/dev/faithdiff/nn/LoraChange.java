package dev.faithdiff.nn;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/**
 * The change of one module, by the names of its tensors in a file: {@code factor * up * down}, or {@code factor * up * mid * down}.
 * Down is {@code [rank, in]} or {@code [rank, in, kh, kw]}, up is {@code [out, rank]} or {@code [out, rank, 1, 1]}; with mid
 * {@code [rank, rank, kh, kw]} the kernel of down is 1x1.
 *
 * @param mid    null where there is none
 * @param factor alpha / rank
 */
record LoraChange(String down, String mid, String up, float factor) {
    /** Why this cannot change a weight of a shape, as files hold it; null if it can. */
    String misfit(WeightSource file, Shape weight) {
        Shape d = shape(file, down), u = shape(file, up), m = mid == null ? null : shape(file, mid);
        boolean factors = plain(u).equals(Shape.of(u.size(0), d.size(0)))
                && (m == null || m.rank() == 4 && m.size(0) == d.size(0) && m.size(1) == d.size(0) && plain(d).rank() == 2);
        if (factors && plain(product(d, u, m)).equals(plain(weight))) return null;
        String middle = m == null ? "" : " with " + mid + " " + m;
        return down + " " + d + " and " + up + " " + u + middle + " do not change a weight of " + weight;
    }

    private static Shape product(Shape down, Shape up, Shape mid) {
        Shape kernel = mid == null ? down : mid;
        return kernel.rank() == 4 ? Shape.of(up.size(0), down.size(1), kernel.size(2), kernel.size(3)) : Shape.of(up.size(0), down.size(1));
    }

    private static Shape shape(WeightSource file, String tensor) { return file.held().get(tensor).shape(); }

    /** A kernel of 1x1 is a matrix. */
    private static Shape plain(Shape s) { return s.rank() == 4 && s.count(2, 4) == 1 ? Shape.of(s.size(0), s.size(1)) : s; }

    /** The change in F32 as the layer holds the weight, in the current scope. */
    Tensor of(WeightSource file, Shape layer, float strength) {
        Tensor product = rows(Lora.tensor(file, down));
        if (mid != null) {
            Tensor m = Lora.tensor(file, mid);
            Tensor kernel = m.to(DType.F32).view(0, Shape.of(Math.toIntExact(m.shape().count(0, 3)), m.size(3)));
            product = rows(kernel.matmul(product), m.size(0));
        }
        return rows(Lora.tensor(file, up)).matmul(product).mul(strength * factor).view(0, layer);
    }

    private static Tensor rows(Tensor t) { return rows(t.to(DType.F32), t.size(0)); }

    private static Tensor rows(Tensor t, int rows) { return t.view(0, Shape.of(rows, Math.toIntExact(t.count() / rows))); }
}
