package dev.faithdiff.restore.sd;

import dev.faithdiff.image.Filter;
import dev.faithdiff.image.FloatImage;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.restore.CommonOptions;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.ResizeOp;

/**
 * Sizes as the scripts of SUPIR and DreamClear have them: networks see sides that are rounded to multiples of 64, so proportions may change on the
 * way.
 */
public final class RoundedSize {
    private static final int MULTIPLE = 64;

    private RoundedSize() {}

    /** The photo as networks see it: in the result's size or, where its shorter side is less, at the process size; then sides are rounded. */
    public static Image enlarged(Image photo, ResultSize size, Options o) {
        boolean scaled = ResultSize.isScaled(o);
        double scale = o.get(CommonOptions.SCALE);
        double w = scaled ? photo.width() * scale : size.width(), h = scaled ? photo.height() * scale : size.height();
        double more = Math.max(1, o.get(CommonOptions.PROCESS_SIZE) / Math.min(w, h));
        return Resize.resize(photo, multiple(w * more), multiple(h * more), Filter.BICUBIC);
    }

    private static int multiple(double side) { return Math.max(1, (int) Math.rint(side / MULTIPLE)) * MULTIPLE; }

    /** An image of any range in the result's size, by the cubic filter that never widens. */
    public static FloatImage resized(FloatImage image, ResultSize size) {
        int w = image.width(), h = image.height();
        if (w == size.width() && h == size.height()) return image;
        try (Scope _ = Scope.open()) {
            Tensor x = image.toTensor().resize(new ResizeOp(ResizeOp.Kind.BICUBIC, false, size.height(), size.width()));
            return FloatImage.of(x);
        }
    }
}
