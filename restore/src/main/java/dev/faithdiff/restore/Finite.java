package dev.faithdiff.restore;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import java.util.function.Supplier;

/** Finds NaNs and infinities, and names the op that made the first one. The op names its weight, and so the layer. */
public final class Finite {
    private Finite() {}

    /** Does work and returns its result. @throws OpError if it holds a NaN or an infinity, see {@link #require(Tensor, Supplier, String)} */
    public static Tensor require(Supplier<Tensor> work, String what) { return require(work.get(), work, what); }

    /**
     * Returns the tensor if all its values are finite.
     *
     * @param work made the tensor or what it was made of; it is done again with every op checked, to find the fault
     * @throws OpError if it holds a NaN or an infinity, naming the first op of the work that made one
     */
    public static Tensor require(Tensor t, Supplier<?> work, String what) {
        if (!Float.isFinite(t.mean().item())) throw found(work, what + " made values that are not finite");
        return t;
    }

    /**
     * Decodes an image.
     *
     * @param work decodes it
     * @param of   the photo
     * @throws OpError if the image is not finite, or has one colour where the photo has several
     */
    public static Image image(Supplier<Image> work, Image of) {
        Image decoded;
        try {
            decoded = work.get();
        } catch (ImageError e) {
            throw found(work, e.getMessage());
        }
        if (isFlat(decoded) && !isFlat(of)) throw found(work, "decoding made an image of one colour");
        return decoded;
    }

    /** Does faulty work again with every op checked. Returns an error that names the op where the fault began. */
    public static OpError found(Supplier<?> work, String fault) {
        try (Scope _ = Scope.open()) {
            Engine.checked(work);
        } catch (OpError e) {
            return new OpError(fault + ", the first in " + e.getMessage());
        }
        return new OpError(fault + ", but every op of the network gives finite values");
    }

    private static boolean isFlat(Image image) {
        byte[] rgb = image.rgb();
        for (int i = 3; i < rgb.length; i++) if (rgb[i] != rgb[i - 3]) return false;
        return true;
    }
}
